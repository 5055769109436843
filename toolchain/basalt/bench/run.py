"""tests/bench/run: instructions of the paths that matter, side by side."""

import argparse
import json
import re
from pathlib import Path

from basalt import prepare
from basalt.bench import boots, page, results, rows, table
from basalt.build import build
from basalt.progress import Trouble, say, step


def small_rows(side, image):
    return boots.rows_in("".join(boots.small(guest, options, side, image) for guest, options in rows.GUESTS.items()))


def userland_rows(side, image):
    """What the program in Dom0 tells, or the same program without a hypervisor."""
    text = boots.userland(f"/root/{rows.USERLAND}; dmesg | grep 'Run /init'", side, image, [boots.program(rows.USERLAND)])
    found = boots.rows_in(text)
    if started := re.search(r"\[ *(\d+\.\d+)\] Run /init", text):
        found["boot_kernel"] = float(started[1]) * 1e9
    if side == "native":
        del found["boot_shell"]     # it does not come by the same firmware and GRUB
    return found


def rows_on(side, chosen):
    image = chosen.basalt if side == "basalt" else None
    found = {}
    if side != "native":
        with step(f"small kernels on {boots.SIDES[side]}"):
            found |= small_rows(side, image)
    if chosen.rows == "all":
        with step(f"userland, {boots.SIDES[side]}"):
            found |= userland_rows(side, image)
    return found


def options():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run",
        description="Counts instructions of the paths that matter: on Basalt, on stock Xen and without a hypervisor, under the same "
                    "emulator, kernel and image. Tells what has moved since tests/bench/accepted.toml.")
    parser.add_argument("--rows", choices=("small", "all"), default="all", help="small: only what needs no Linux")
    parser.add_argument("--on", action="append", choices=boots.SIDES, help="this side only; repeatable")
    parser.add_argument("--basalt", type=Path, metavar="FILE", help="this image in Basalt's place, such as last week's")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the counts there")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with plots there, which needs nothing else")
    parser.add_argument("--again", type=Path, metavar="FILE", help="measure nothing: tell what such a --json FILE holds")
    parser.add_argument("--accept", action="store_true", help="put the counts into tests/bench/accepted.toml")
    return parser.parse_args()


def measured(chosen):
    sides = chosen.on or list(boots.SIDES)
    prepare.packages()
    build("release", "guests", *(["basalt"] if "basalt" in sides and not chosen.basalt else []))
    return {side: rows_on(side, chosen) for side in sides}


def main():
    chosen = options()
    try:
        counts = json.loads(chosen.again.read_text()) if chosen.again else measured(chosen)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    moves = results.moves(counts, results.accepted())
    print(table.table(counts), table.moved(moves), sep="\n\n")
    if chosen.json:
        chosen.json.write_text(json.dumps(counts, indent=1) + "\n")
    if chosen.html:
        chosen.html.write_text(page.page(counts, moves))
    if chosen.accept:
        results.accept(counts)
    return 0
