#!/usr/bin/env python3
"""Names of the image's functions, for stack traces.

    symbols.py table NM IMAGE OUTPUT     writes the section .symbols as assembler; hypervisor/debug/symbols.cpp reads it
    symbols.py compare NM FIRST SECOND   fails unless both images have their functions at the same addresses
"""

import re
import subprocess
import sys
from pathlib import Path

IMAGE_BASE = 0xFFFF82D000000000
LONGEST = 80


def functions(nm, image):
    """Sorted (offset into the image, demangled name); one name for each address."""
    listing = subprocess.run([nm, "--defined-only", "--demangle", image], check=True, capture_output=True, text=True)
    found = {}
    for line in listing.stdout.splitlines():
        address, kind, name = line.split(" ", 2)
        offset = int(address, 16) - IMAGE_BASE
        if kind in "tTwW" and offset >= 0 and not name.endswith(("_start", "_end")):
            found.setdefault(offset, name)
    return sorted(found.items())


def short(name):
    """Without arguments, result and the namespaces that say nothing."""
    name = name.replace("(anonymous namespace)::", "").replace("basalt::", "").removesuffix(" const")
    name = re.sub(r"\[abi:\w+\]| \[clone.*\]", "", name)
    depth = 0
    for at in reversed(range(len(name))):
        depth += {")": 1, "(": -1}.get(name[at], 0)
        if name[at] == "(" and depth == 0 and not name[:at].endswith("operator"):
            name = name[:at]
            break
    return name[:LONGEST]


def table(rows):
    yield f"    .section .symbols, \"a\"\n    .balign 8\n    .long {len(rows)}\n"
    at = 0
    for offset, name in rows:
        yield f"    .long {offset:#x}, {at}\n"
        at += len(name) + 1
    for _, name in rows:
        yield f"    .asciz \"{name}\"\n"


def main():
    match sys.argv[1:]:
        case ["table", nm, image, output]:
            rows = [(offset, short(name)) for offset, name in functions(nm, image)]
            Path(output).write_text("".join(table(rows)))
        case ["compare", nm, first, second]:
            if functions(nm, first) != functions(nm, second):
                Path(second).unlink()
                sys.exit("symbols.py: functions moved between the two links; the names would be wrong")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
