"""Results as text for a terminal."""

from basalt.bench import results as of
from basalt.bench import rows


def shown(count):
    return "-" if count is None else f"{count / 1e6:,.1f} M" if abs(count) >= 1e7 else f"{count:,.0f}"


def share(ratio):
    return "" if ratio is None else f"{ratio:.2f}"


COLUMNS = ("native", "Xen", "Basalt", "B/X", "Xen adds", "Basalt adds", "B/X")


def cells(line):
    added = [line.adds("xen"), line.adds("basalt")]
    return (shown(line.native), shown(line.xen), shown(line.basalt), share(line.ratio),
            *("" if count is None else shown(count) for count in added), share(line.ratio_of_added))


def table(counts):
    widths = (12, 12, 12, 6, 12, 12, 6)
    text, group = [f"{'instructions for each operation':46}" + "".join(f"{name:>{width}}" for name, width in zip(COLUMNS, widths))], None
    for line in of.lines(counts):
        if line.row.group != group:
            group = line.row.group
            text += ["", group]
        text.append((f"  {line.row.text:44}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells(line), widths))).rstrip())
    return "\n".join(text)


def moved(moves):
    if not moves:
        return "nothing else than noise has moved since tests/bench/accepted.toml"
    return "\n".join(["moved since tests/bench/accepted.toml:",
                      *(f"  {move.part:>+8.1%}  {move.side:6}  {move.row.group}: {move.row.text}, {shown(move.before)} -> {shown(move.now)}"
                        for move in moves)])


def reasons(missing):
    """(side, the rows that it has not, why) for each reason, and for each group of rows."""
    for side, why_of in missing.items():
        together = {}
        for row in rows.ROWS:
            if row.name in why_of:
                together.setdefault((row.group, why_of[row.name]), []).append(row.text)
        for (group, why), texts in together.items():
            yield side, f"{group}: {'; '.join(texts)}", why


def missing(found):
    return "\n".join(f"not had on {side}: {of_rows}\n    {why}" for side, of_rows, why in reasons(found))
