"""tests/bench/run: instructions of the paths that matter, side by side."""

import argparse
import json
import re
import tempfile
from pathlib import Path

from basalt import places, prepare
from basalt.bench import boots, counts, page, results, rows, table
from basalt.build import build
from basalt.progress import Trouble, say, step


def small_rows(side, image):
    return boots.rows_in("".join(boots.small(guest, options, side, image) for guest, options in rows.GUESTS.items()))


def kernel_to_init(text):
    """The kernel's own time stamp, in nanoseconds, which are instructions."""
    started = re.search(r"\[ *(\d+\.\d+)\] Run /init", text)
    return float(started[1]) * 1e9 if started else None


def userland_rows(side, image):
    """What the program in Dom0 tells, or the same program without a hypervisor."""
    text = boots.userland([], "dmesg | grep 'Run /init'", side, image)
    found = boots.rows_in(text, rows.USERLAND) | {"boot_kernel": kernel_to_init(text)}
    if side == "native":
        del found["boot_shell"]     # it does not come by the same firmware and GRUB
    return found


def domu_rows(side, image):
    text = boots.domu([], side, image)
    found = boots.rows_in(text, rows.DOMU) | {"domu_boot_kernel": kernel_to_init(text)}
    del found["boot_shell"]         # of the guest's own clock
    return found


def toolstack_rows(side, image):
    file = places.xen if side == "xen" else image or places.basalt
    return boots.rows_in(boots.toolstack(side, image), rows.TOOLSTACK) | {"image_size": boots.image_size(file)}


def phases_of(boot, *wanted, **options):
    """The phases of what `boot` starts."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "phases"
        boot(*wanted, qemu=["-plugin", f"{counts.plugin('phases')},out={output}"], **options)
        return counts.phases(output.read_text())


def boot_rows(side, image):
    found = {}
    for size in rows.SMALL_MACHINES:
        took = phases_of(boots.small, "null_hypercall", ["--memory", size.upper()], side, image)
        found[f"boot_own_{size}"] = took["hypervisor"]
    for size in rows.MACHINES:
        took = phases_of(boots.userland, ["rdtsc"], "true", side, image, options=["--memory", size.upper()])
        found |= {f"boot_its_{size}": took["kernel"], f"boot_user_{size}": took["user"], f"boot_beside_{size}": took["beside"]}
    return found


def rows_on(side, chosen):
    image = chosen.basalt if side == "basalt" else None
    parts = {"small": ("small kernels", small_rows), "dom0": ("Dom0", userland_rows), "domu": ("DomU", domu_rows),
             "tools": ("xl", toolstack_rows), "boot": ("boots", boot_rows)}
    found = {}
    for name, (text, measure) in parts.items():
        if chosen.rows in (name, "all") and (side != "native" or name == "dom0"):
            with step(f"{text} on {boots.SIDES[side]}"):
                found |= measure(side, image)
    return {name: count for name, count in found.items() if count is not None}


def options():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run",
        description="Counts instructions of the paths that matter: on Basalt, on stock Xen and without a hypervisor, under the same "
                    "emulator, kernel and image. Tells what has moved since tests/bench/accepted.toml.")
    parser.add_argument("--rows", choices=("small", "dom0", "domu", "tools", "boot", "all"), default="all",
                        help="only these; small: what needs no Linux")
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
    build("release", "guests", "story-files", *(["basalt"] if "basalt" in sides and not chosen.basalt else []))
    return {side: rows_on(side, chosen) for side in sides}


def main():
    chosen = options()
    try:
        found = json.loads(chosen.again.read_text()) if chosen.again else measured(chosen)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    moves = results.moves(found, results.accepted())
    print(table.table(found), table.moved(moves), sep="\n\n")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n")
    if chosen.html:
        chosen.html.write_text(page.page(found, moves))
    if chosen.accept:
        results.accept(found)
    return 0
