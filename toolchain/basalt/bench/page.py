"""Results as one HTML page: tables, and plots as SVG within it. It asks no network for anything."""

from html import escape
from math import log2

from basalt.bench import results as of
from basalt.bench import rows
from basalt.bench.table import COLUMNS, cells, reasons, shown

COLORS = {"native": "#8a8a8a", "xen": "#d98c3f", "basalt": "#3f7fb5"}
NAMES = {"native": "native", "xen": "Xen", "basalt": "Basalt"}
STYLE = """body{font:15px/1.45 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;width:100%}td,th{padding:.15em .6em;text-align:right;border-bottom:1px solid #e4e4e4}
td:first-child,th:first-child{text-align:left}th[colspan]{text-align:left;padding-top:1em}
svg{display:block;margin:1em 0;font:12px system-ui,sans-serif}h2{margin-top:2em}.note{color:#666}"""


def _text(x, y, words, **attributes):
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.0f}" y="{y:.0f}"{more}>{escape(words)}</text>'


def _bar(x, y, width, height, color, words):
    return f'<rect x="{x:.0f}" y="{y:.0f}" width="{max(width, 1):.0f}" height="{height}" fill="{color}"><title>{escape(words)}</title></rect>'


def _svg(width, height, parts):
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img">' + "".join(parts) + "</svg>"


def legend(x, y):
    return [part for number, (side, color) in enumerate(COLORS.items())
            for part in (_bar(x + 80 * number, y - 10, 12, 12, color, NAMES[side]), _text(x + 80 * number + 18, y, NAMES[side]))]


def bars(lines):
    """Each row's counts, in parts of Xen's: rows of all sizes side by side."""
    lines = [line for line in lines if line.xen and line.basalt is not None]
    left, whole, tall = 300, 420, 34
    parts = legend(left, 14)
    for number, line in enumerate(lines):
        top = 30 + number * tall
        parts.append(_text(left - 8, top + 15, line.row.text, **{"text-anchor": "end"}))
        for place, side in enumerate(COLORS):
            count = getattr(line, side)
            if count is not None:
                part = count / line.xen
                parts.append(_bar(left, top + place * 9, min(part, 1.3) * whole, 8, COLORS[side], f"{NAMES[side]}: {shown(count)}"))
        parts.append(_text(left + 1.3 * whole + 8, top + 15, f"{line.ratio:.2f}"))
    bottom = 30 + len(lines) * tall
    parts.append(f'<line x1="{left + whole}" y1="24" x2="{left + whole}" y2="{bottom}" stroke="#bbb" stroke-dasharray="3 3"/>')
    return _svg(left + 1.3 * whole + 60, bottom + 6, parts)


def growth(what, counts):
    """One thing by its size, a line for each side; sizes on a scale of doublings, counts from 0."""
    sides = {side: [(size, found[name]) for size, name in what.rows if name in found] for side, found in counts.items()}
    sides = {side: points for side, points in sides.items() if len(points) > 1}
    if not sides:
        return ""
    most = max(count for points in sides.values() for _, count in points)
    first, last = log2(what.rows[0][0]), log2(what.rows[-1][0])
    left, top, wide, high = 90, 30, 560, 220

    def spot(size, count):
        return left + (log2(size) - first) / (last - first) * wide, top + high - count / most * high
    parts = [*legend(left, 14), f'<path d="M{left} {top}V{top + high}H{left + wide}" fill="none" stroke="#999"/>']
    for part in (0, 0.5, 1):
        parts.append(_text(left - 8, top + high - part * high + 4, shown(part * most), **{"text-anchor": "end"}))
    for size, _ in what.rows:
        parts.append(_text(spot(size, 0)[0], top + high + 16, f"{size:,}", **{"text-anchor": "middle"}))
    parts.append(_text(left + wide / 2, top + high + 34, what.size, **{"text-anchor": "middle"}))
    for side, points in sides.items():
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (spot(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLORS[side]}" stroke-width="2"/>')
        for size, count in points:
            x, y = spot(size, count)
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{COLORS[side]}">'
                         f"<title>{NAMES[side]}, {size}: {shown(count)}</title></circle>")
    return f"<h3>{escape(what.text)}</h3>" + _svg(left + wide + 40, top + high + 44, parts)


def table(lines):
    text, group = "<table><tr><th>for each operation</th>" + "".join(f"<th>{name}</th>" for name in COLUMNS) + "</tr>", None
    for line in lines:
        if line.row.group != group:
            group = line.row.group
            text += f'<tr><th colspan="{len(COLUMNS) + 1}">{escape(group)}</th></tr>'
        text += f"<tr><td>{escape(line.row.text)}</td>" + "".join(f"<td>{cell}</td>" for cell in cells(line)) + "</tr>"
    return text + "</table>"


def moved(moves):
    if not moves:
        return "<p>Nothing.</p>"
    return "<table><tr><th>row</th><th>side</th><th>accepted</th><th>now</th><th>moved by</th></tr>" + "".join(
        f"<tr><td>{escape(move.row.group)}: {escape(move.row.text)}</td><td>{NAMES[move.side]}</td><td>{shown(move.before)}</td>"
        f"<td>{shown(move.now)}</td><td>{move.part:+.1%}</td></tr>" for move in moves) + "</table>"


def missing(found):
    return "<h2>Not had</h2>" + "".join(f"<p>{NAMES[side]}: {escape(of_rows)}<br><span class=\"note\">{escape(why)}</span></p>"
                                        for side, of_rows, why in reasons(found)) if found else ""


def page(results, moves):
    lines = list(of.lines(results.counts))
    groups = dict.fromkeys(line.row.group for line in lines)
    plots = "".join(f"<h3>{escape(group)}</h3>" + bars([line for line in lines if line.row.group == group]) for group in groups)
    growths = "".join(growth(each, results.counts) for each in rows.GROWTHS)
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Basalt: instructions</title><style>{STYLE}</style>'
            "<h1>Instructions of the paths that matter</h1>"
            '<p class="note">Executed instructions under one emulator, for each operation; less is better.</p>'
            f"{table(lines)}<h2>Moved since the accepted counts</h2>{moved(moves)}{missing(results.missing)}"
            '<h2>In parts of what stock Xen needs</h2><p class="note">The dashed line is stock Xen; the number at the right is '
            f"Basalt's part of it.</p>{plots}" + (f"<h2>By size</h2>{growths}" if growths else "") + "</html>\n")
