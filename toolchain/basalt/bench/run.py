"""tests/bench/run: instructions of the paths that matter, side by side."""

import argparse
import re
import tempfile
from pathlib import Path

from basalt import places, prepare
from basalt.bench import boots, counts, page, results, rows, table
from basalt.build import build
from basalt.progress import Trouble, say, step


def small_rows(guest, side, image):
    return boots.rows_in(boots.small(guest, rows.GUESTS[guest], side, image), guest)


def kernel_to_init(text):
    """The kernel's own time stamp, in nanoseconds, which are instructions."""
    started = re.search(r"\[ *(\d+\.\d+)\] Run /init", text)
    return float(started[1]) * 1e9 if started else None


def userland_rows(_, side, image):
    """What the program in Dom0 tells, or the same program without a hypervisor."""
    text = boots.userland([], "dmesg | grep 'Run /init'", side, image)
    return boots.rows_in(text, rows.USERLAND) | {"boot_kernel": kernel_to_init(text)}


def domu_rows(_, side, image):
    text = boots.domu([], side, image)
    return boots.rows_in(text, rows.DOMU) | {"domu_boot_kernel": kernel_to_init(text)}


def toolstack_rows(_, side, image):
    return boots.rows_in(boots.toolstack(side, image), rows.TOOLSTACK)


def image_rows(_, side, image):
    return {"image_size": boots.image_size(places.xen if side == "xen" else image or places.basalt)}


def phases_of(boot, *wanted, **options):
    """The phases of what `boot` starts, and what it says."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "phases"
        text = boot(*wanted, qemu=["-plugin", f"{counts.plugin('phases')},out={output}"], **options)
        return counts.phases(output.read_text()), text


def small_boot_rows(machine, side, image):
    took, _ = phases_of(boots.small, "null_hypercall", ["--memory", rows.size_of(machine)], side, image)
    return {f"boot_own_{machine}": took["hypervisor"]}


def dom0_boot_rows(machine, side, image):
    then = f"sh /root/{boots.XL.name} in_large_machine" if machine == rows.LARGEST else "true"
    took, text = phases_of(boots.userland, ["rdtsc"], then, side, image, options=["--memory", rows.size_of(machine)])
    return boots.rows_in(text, machine) | {f"boot_its_{machine}": took["kernel"], f"boot_user_{machine}": took["user"],
                                           f"boot_beside_{machine}": took["beside"]}


MEASURES = (dict.fromkeys(rows.GUESTS, small_rows) | dict.fromkeys(rows.SMALL_MACHINES, small_boot_rows)
            | dict.fromkeys(rows.MACHINES, dom0_boot_rows)
            | {rows.USERLAND: userland_rows, rows.DOMU: domu_rows, rows.TOOLSTACK: toolstack_rows,
               "image": image_rows})


def rows_of(source, side, image):
    """What is counted of it, and for each row that is not: why. A row that cannot be had keeps no other from being told."""
    why = "it was not told: what it needs is not there"
    try:
        found = MEASURES[source](source, side, image)
    except boots.Failed as failure:
        found, why = boots.rows_in(failure.text, source), str(failure)
    except Trouble as trouble:
        found, why = {}, str(trouble)
    names = [row.name for row in rows.expected(source, side)]
    counted = {name: found[name] for name in names if found.get(name) is not None}
    return counted, {name: why for name in names if name not in counted}


def measure(parts, sides, basalt):
    found = results.Results()
    for side in sides:
        image = basalt if side == "basalt" else None
        for part in parts:
            for source in rows.PARTS[part]:
                if rows.expected(source, side):
                    with step(f"{source} on {boots.SIDES[side]}"):
                        found.add(side, *rows_of(source, side, image))
    return found


def options():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run",
        description="Counts instructions of the paths that matter: on Basalt, on stock Xen and without a hypervisor, under the same "
                    "emulator, kernel and image. Tells what has moved since tests/bench/accepted.toml.",
        epilog="Status: 1 if no row could be had. One that cannot be had is told with its reason, at the end.")
    parser.add_argument("--rows", action="append", choices=rows.PARTS, help="only these; small: what needs no Linux; repeatable")
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
    return measure(chosen.rows or list(rows.PARTS), sides, chosen.basalt)


def main():
    chosen = options()
    try:
        found = results.Results.read(chosen.again.read_text()) if chosen.again else measured(chosen)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    moves = results.moves(found.counts, results.accepted())
    print(*(text for text in (table.table(found.counts), table.moved(moves), table.missing(found.missing)) if text), sep="\n\n")
    if chosen.json:
        chosen.json.write_text(found.written())
    if chosen.html:
        chosen.html.write_text(page.page(found, moves))
    if chosen.accept:
        results.accept(found.counts)
    return 0 if any(found.counts.values()) else 1
