"""tests/bench/profile: rows of tests/bench/run by function."""

import argparse
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from basalt import places, prepare
from basalt.bench import boots, counts, rows
from basalt.build import build
from basalt.progress import Trouble, say, step

KERNEL_NAMES = "grep -i ' [tw] ' /proc/kallsyms"


def options(arguments):
    parser = argparse.ArgumentParser(
        prog="tests/bench/profile", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Rows of tests/bench/run by function: executed instructions for each operation.",
        epilog="rows: " + " ".join(row.name for row in rows.ROWS if row.has_loop))
    parser.add_argument("row", nargs="+", metavar="ROW")
    parser.add_argument("--on", choices=boots.SIDES, default="basalt")
    parser.add_argument("--basalt", type=Path, metavar="FILE", help="this image, with its symbols, in Basalt's place")
    parser.add_argument("--function", action="append", default=[], metavar="NAME",
                        help="also each instruction of this function of Basalt's, or of those whose names contain it; repeatable")
    parser.add_argument("--kernel", action="store_true", help="also the functions of the guest, or of Dom0's kernel")
    parser.add_argument("--least", type=float, metavar="COUNT", help="leave out functions below (a ten-thousandth of the row)")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.row if not (rows.named(name) and rows.named(name).has_loop)]:
        parser.error(f"no row with a loop is called {' or '.join(unknown)}")
    if chosen.on == "native" and not all(rows.named(name).source == rows.USERLAND for name in chosen.row):
        parser.error("without a hypervisor there are only the rows of Dom0's program")
    return chosen


def measured(program, wanted, chosen, folder):
    """What the program said, and what ran in each of its windows."""
    output = Path(folder) / "counts"
    output.unlink(missing_ok=True)
    qemu = ["-plugin", f"{counts.plugin('counter')},out={output}"]
    image = chosen.basalt if chosen.on == "basalt" else None
    with step(f"{program} on {boots.SIDES[chosen.on]}"):
        if program == rows.DOMU:
            text = boots.domu([rows.named(name).told for name in wanted], chosen.on, image, qemu)
        elif program == rows.TOOLSTACK:
            text = boots.toolstack(chosen.on, image, qemu)
        elif program == rows.USERLAND:
            text = boots.userland(wanted, KERNEL_NAMES if chosen.kernel else "true", chosen.on, image, qemu)
        else:
            text = boots.small(program, rows.GUESTS[program], chosen.on, image, qemu)
    return text, counts.windows(output.read_text())


def functions(found, operations, least):
    for function in found:
        if function.count / operations >= least:
            times = function.entered / operations
            yield f"{function.count / operations:>20,.1f}  {function.name}" + (f"  ({times:,.2f} times)" if times else "")


def table(row, side, window, ran, names, kernel_names, least):
    """The lines for one row; `names` of the hypervisor, which has none on stock Xen."""
    user, kernel, hypervisor = counts.by_owner(ran)
    operations, total = window.times, sum(ran.values())
    least = max(0.05, total / operations / 10_000) if least is None else least
    yield f"{row.text} on {side}: {total / operations:,.1f} instructions ({window.each:,.1f} by the counter; {operations:,} operations)"
    kernel_text = "the guest" if row.source not in rows.LINUX else "the kernels" if side != "native" else "the kernel"
    for text, part, known in (("user mode", user, None), (kernel_text, kernel, kernel_names), (side, hypervisor, names)):
        if part:
            yield f"{sum(part.values()) / operations:>12,.1f}  {text}"
            yield from functions(known.by_function(part) if known else (), operations, least)


def instructions(image, names, wanted, window, operations):
    """The lines for such functions: each instruction, with its count for each operation, and where it came from."""
    for name, listing in counts.listings(image, names, wanted, window):
        yield f"\n{name}:"
        last = None
        for count, offset, place, text in listing:
            where = "" if place == last else "  ; " + re.sub(r"^\./|^.*/tree/", "", place)
            last = place
            yield f"{count / operations:>12,.2f}  +{offset:<#7x} {text:64}{where}".rstrip()


def cheapest(told, windows):
    """{row: its cheapest window, as it was told and what ran in it}; those that were told without marks are none."""
    found = {}
    for window, ran in zip(told, windows, strict=True):
        if window.name not in found or window.each < found[window.name][0].each:
            found[window.name] = window, ran
    return found


def show(program, wanted, chosen, folder):
    text, windows = measured(program, wanted, chosen, folder)
    told = [replace(window, name=row.name) for window in boots.windows_in(text) if (row := rows.told_by(program, window.name)) and row.has_loop]
    if len(told) != len(windows):
        raise Trouble(f"{program} told {len(told)} windows and marked {len(windows)}")
    image = chosen.basalt or places.basalt
    names = counts.names_in(image) if chosen.on == "basalt" else None
    kernel_names = None
    if chosen.kernel:
        kernel_names = counts.names_in(boots.program(program)) if program not in rows.LINUX else counts.names_of_kernel(text)
    found = cheapest(told, windows)
    for name in wanted:
        if name not in found:
            raise Trouble(f"{program} did not tell {name}: what it needs is not there")
        window, ran = found[name]
        print("\n".join(table(rows.named(name), boots.SIDES[chosen.on], window, ran, names, kernel_names, chosen.least)))
        for function in chosen.function if names else ():
            print("\n".join(instructions(image, names, function, ran, window.times)) or f"nothing ran in a function like {function}")
        print(flush=True)


def main():
    chosen = options(sys.argv[1:])
    try:
        prepare.packages()
        build("release", "guests", "story-files", *(["basalt"] if chosen.on == "basalt" and not chosen.basalt else []))
        wanted = {}
        for name in chosen.row:
            wanted.setdefault(rows.named(name).source, []).append(name)
        with tempfile.TemporaryDirectory() as folder:
            for program, names in wanted.items():
                show(program, names, chosen, folder)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    return 0
