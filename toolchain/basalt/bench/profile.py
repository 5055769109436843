"""tests/bench/profile: rows of tests/bench/run by function."""

import argparse
import re
import shlex
import sys
import tempfile
from pathlib import Path

from basalt import places, prepare
from basalt.bench import boots, counts, rows
from basalt.build import build
from basalt.progress import Trouble, say, step

SIDES = {"basalt": "Basalt", "xen": "stock Xen"}
KERNEL_NAMES = "grep -i ' [tw] ' /proc/kallsyms"


def options(arguments):
    parser = argparse.ArgumentParser(
        prog="tests/bench/profile", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Rows of tests/bench/run by function: executed instructions for each operation.",
        epilog="rows: " + " ".join(row.name for row in rows.ROWS if row.program))
    parser.add_argument("row", nargs="+", metavar="ROW")
    parser.add_argument("--on", choices=SIDES, default="basalt")
    parser.add_argument("--basalt", type=Path, metavar="FILE", help="this image, with its symbols, in Basalt's place")
    parser.add_argument("--function", action="append", default=[], metavar="NAME",
                        help="also each instruction of this function of Basalt's, named as the table names it; repeatable")
    parser.add_argument("--kernel", action="store_true", help="also the kernel's functions (a minute more)")
    parser.add_argument("--least", type=float, default=0.05, metavar="COUNT", help="leave out functions below (0.05)")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.row if not (rows.named(name) and rows.named(name).program)]:
        parser.error(f"no row is called {' or '.join(unknown)}")
    return chosen


def measured(program, wanted, chosen, folder):
    """What the program said, and what ran in each of its windows."""
    output = Path(folder) / "counts"
    output.unlink(missing_ok=True)
    qemu = ["-plugin", f"{counts.plugin()},out={output}"]
    image = chosen.basalt if chosen.on == "basalt" else None
    with step(f"{program} on {SIDES[chosen.on]}"):
        if program == rows.USERLAND:
            command = shlex.join([f"/root/{program}", *wanted]) + (f"; {KERNEL_NAMES}" if chosen.kernel else "")
            text = boots.dom0(command, chosen.on, image, [boots.program(program)], qemu)
        else:
            text = boots.small(program, rows.programs()[program], chosen.on, image, qemu)
    return text, counts.windows(output.read_text())


def functions(found, operations, least):
    for function in found:
        if function.count / operations >= least:
            times = function.entered / operations
            yield f"{function.count / operations:>20,.1f}  {function.name}" + (f"  ({times:,.2f} times)" if times else "")


def table(row, side, operations, ticks, window, names, kernel_names, least):
    """The lines for one row; `names` of the hypervisor, which has none on stock Xen."""
    user, kernel, hypervisor = counts.by_owner(window)
    total = sum(window.values())
    yield f"{row.text} on {side}: {total / operations:,.1f} instructions ({ticks / operations:,.1f} by the counter; {operations:,} operations)"
    kernel_text = "Dom0's kernel" if row.program == rows.USERLAND else "the guest"
    for text, part, known in (("user mode", user, None), (kernel_text, kernel, kernel_names), (side, hypervisor, names)):
        if part:
            yield f"{sum(part.values()) / operations:>12,.1f}  {text}"
            yield from functions(known.by_function(part) if known else (), operations, least)


def instructions(image, names, wanted, window, operations):
    """The lines for one function: each instruction, with its count for each operation, and where it came from."""
    last = None
    for count, offset, place, text in counts.listing(image, names, wanted, window):
        where = "" if place == last else "  ; " + re.sub(r"^\./|^.*/tree/", "", place)
        last = place
        yield f"{count / operations:>12,.2f}  +{offset:<#7x} {text:64}{where}".rstrip()


def show(program, wanted, chosen, folder):
    text, windows = measured(program, wanted, chosen, folder)
    told = [(name, value) for name, value in boots.rows_in(text).items() if name in wanted or program != rows.USERLAND]
    told = [(name, value) for name, value in told if (row := rows.named(name)) and row.program == program]
    if len(told) != len(windows):
        raise Trouble(f"{program} told {len(told)} rows and marked {len(windows)}")
    image = chosen.basalt or places.basalt
    names = counts.names_in(image) if chosen.on == "basalt" else None
    kernel_names = counts.names_of_kernel(text) if program == rows.USERLAND else counts.names_in(boots.program(program))
    for (name, (ticks, operations)), window in zip(told, windows):
        if name not in wanted:
            continue
        known = kernel_names if chosen.kernel else None
        print("\n".join(table(rows.named(name), SIDES[chosen.on], operations, ticks, window, names, known, chosen.least)))
        for function in chosen.function if names else ():
            print(f"\n{function}:")
            print("\n".join(instructions(image, names, function, window, operations)) or "  did not run")
        print(flush=True)


def main():
    chosen = options(sys.argv[1:])
    try:
        prepare.packages()
        build("release", "guests", *(["basalt"] if chosen.on == "basalt" and not chosen.basalt else []))
        wanted = {}
        for name in chosen.row:
            wanted.setdefault(rows.named(name).program, []).append(name)
        with tempfile.TemporaryDirectory() as folder:
            for program, names in wanted.items():
                show(program, names, chosen, folder)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    return 0
