"""tests/bench/run: instructions of the paths that matter, side by side."""

import argparse
import re
from pathlib import Path

from basalt import prepare
from basalt.bench import boots, rows
from basalt.build import build
from basalt.progress import Trouble, say, step


def small_rows(side, image):
    text = "".join(boots.small(guest, options, side, image) for guest, options in rows.programs().items())
    return per_operation(text)


def dom0_rows(side, image):
    text = boots.dom0(f"/root/{rows.USERLAND}; dmesg | grep 'Run /init'", side, image, [boots.program(rows.USERLAND)])
    found = per_operation(text)
    if started := re.search(r"\[ *(\d+\.\d+)\] Run /init", text):
        found["boot_kernel"] = float(started[1]) * 1e9
    return found


def per_operation(text):
    return {name: ticks / times for name, (ticks, times) in boots.rows_in(text).items()}


def shown(count):
    return "-" if count is None else f"{count / 1e6:,.1f} M" if count >= 1e7 else f"{count:,.0f}"


def table(results):
    sides = list(results)
    lines = [f"{'instructions':46}" + "".join(f"{side:>14}" for side in sides) + f"{'ratio':>9}" * (len(sides) == 2)]
    for row in rows.ROWS:
        counts = [results[side].get(row.name) for side in sides]
        ratio = f"{counts[0] / counts[1]:.2f}" if len(counts) == 2 and all(counts) else ""
        if any(counts):
            lines.append(f"{row.text:46}" + "".join(f"{shown(count):>14}" for count in counts) + f"{ratio:>9}".rstrip())
    return "\n".join(lines)


def options():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Counts instructions of the paths that matter, on Basalt and on stock Xen, under the same emulator, kernel and Dom0.")
    parser.add_argument("--rows", choices=("small", "all"), default="all", help="small: only what needs no Linux")
    parser.add_argument("--on", action="append", choices=("basalt", "xen"), help="one side only; repeatable")
    parser.add_argument("--basalt", type=Path, metavar="FILE", help="this image in Basalt's place, such as last week's")
    return parser.parse_args()


def main():
    chosen = options()
    sides = chosen.on or ["basalt", "xen"]
    try:
        prepare.packages()
        build("release", "guests", *(["basalt"] if "basalt" in sides and not chosen.basalt else []))
        results = {}
        for side in sides:
            image = chosen.basalt if side == "basalt" else None
            with step(f"small kernels on {side}"):
                results[side] = small_rows(side, image)
            if chosen.rows == "all":
                with step(f"Dom0 on {side}"):
                    results[side] |= dom0_rows(side, image)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    print(table(results))
    return 0
