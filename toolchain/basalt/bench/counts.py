"""Instructions by address, as tests/bench/counter.c writes them, and by function."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field

from basalt import places, symbols
from basalt.progress import Trouble

# hypervisor/core/layout.hpp: Basalt's slots, and in them each CPU's alias of the entry text. Stock Xen has the same slots.
HYPERVISOR = range(0xFFFF_8000_0000_0000, 0xFFFF_8800_0000_0000)
ENTRY_AREA = range(0xFFFF_8180_4000_0000, 0xFFFF_8200_0000_0000)
ENTRY_ALIAS = 64 * 1024
KERNEL = 1 << 63


def plugin(name):
    """A plugin of tests/bench, compiled where a source is newer."""
    folder, made = places.tests / "bench", places.build / "bench" / f"{name}.so"
    source = folder / f"{name}.c"
    if not made.exists() or made.stat().st_mtime < max(file.stat().st_mtime for file in (source, folder / "plugin.h")):
        made.parent.mkdir(parents=True, exist_ok=True)
        ran = subprocess.run([places.llvm / "bin" / "clang", "-shared", "-fPIC", "-O2", "-o", made, source], capture_output=True, text=True)
        if ran.returncode != 0:
            raise Trouble(f"{source.name} cannot be compiled:\n{ran.stderr}")
    return made


def windows(text):
    """[{address: how often}] of each window in what the plugin wrote."""
    found = []
    for line in text.splitlines():
        if line == "window":
            found.append({})
        else:
            address, count = line.split()
            found[-1][int(address, 16)] = int(count)
    return found


def phases(text):
    """{phase: instructions} of what phases.c wrote."""
    return {name: int(count) for name, count in (line.split() for line in text.splitlines())}


@dataclass
class Function:
    name: str
    count: int = 0
    entered: int = 0


@dataclass
class Names:
    """Functions of something by address: sorted (address, name)."""

    of: list = field(default_factory=list)
    entry_text: int = 0             # where Basalt's aliases of the entry text lead to

    def in_image(self, address):
        return self.entry_text + address % ENTRY_ALIAS if self.entry_text and address in ENTRY_AREA else address

    def in_one_place(self, counts):
        """The counts, those of the aliases with those of what they are aliases of."""
        total = Counter()
        for address, count in counts.items():
            total[self.in_image(address)] += count
        return total

    def by_function(self, counts):
        """The functions that ran, the dearest first."""
        found, at, total = {}, -1, self.in_one_place(counts)
        for address in sorted(total):
            while at + 1 < len(self.of) and self.of[at + 1][0] <= address:
                at += 1
            start, name = self.of[at] if at >= 0 else (None, "?")
            here = found.setdefault(start, Function(name))
            here.count += total[address]
            here.entered += total[address] if address == start else 0
        return sorted(found.values(), key=lambda function: -function.count)


def name_of(demangled):
    """Short, and without the result that a template's name begins with, and what the link adds to a static one's."""
    name = symbols.short(re.sub(r" \(\.llvm\.\d+\)$", "", demangled))
    if "operator" in name:
        return name
    depth, begin = 0, 0
    for at, letter in enumerate(name):
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(letter, 0)
        begin = at + 1 if letter == " " and depth == 0 else begin
    return name[begin:]


def names_in(file):
    """Of a program with symbols."""
    listing = subprocess.run([places.llvm / "bin" / "llvm-nm", "--defined-only", "--demangle", file], capture_output=True, text=True).stdout
    found, entry_text = {}, 0
    for line in listing.splitlines():
        address, kind, name = line.split(" ", 2)
        if name == "entry_text_start":
            entry_text = int(address, 16)
        elif kind in "tTwW" and not name.endswith(("_start", "_end")):
            found.setdefault(int(address, 16), name_of(name))
    return Names(sorted(found.items()), entry_text)


def names_of_kernel(text):
    """Of the lines of /proc/kallsyms in `text`."""
    found = {}
    for address, name in re.findall(r"^([0-9a-f]{16}) [tTwW] (\S+)", text, re.M):
        found.setdefault(int(address, 16), name)
    return Names(sorted(found.items()))


def by_owner(counts):
    """The counts of user mode, of the guest's kernel, and of the hypervisor."""
    user, kernel, hypervisor = {}, {}, {}
    for address, count in counts.items():
        owner = user if address < KERNEL else hypervisor if address in HYPERVISOR else kernel
        owner[address] = count
    return user, kernel, hypervisor


def _instruction(text):
    """As it is listed, with a short name of where it leads to."""
    text = re.sub(r"\s+", " ", text.partition(" # imm")[0])
    return re.sub(r"(0x[0-9a-f]+ )?<(.*?)(\+0x[0-9a-f]+)?>$", lambda found: f"<{name_of(found[2])}{found[3] or ''}>", text)


def alike(names, wanted):
    """(number, name) of the functions called `wanted`; where none is, of those whose names contain it."""
    exact = [(number, name) for number, (_, name) in enumerate(names.of) if name == wanted]
    return exact or [(number, name) for number, (_, name) in enumerate(names.of) if wanted in name]


def listings(file, names, wanted, counts):
    """(name, its instructions) of each function that is called so and ran."""
    total = names.in_one_place(counts)
    for number, name in alike(names, wanted):
        start = names.of[number][0]
        end = names.of[number + 1][0] if number + 1 < len(names.of) else start + 4096
        if any(start <= address < end for address in total):
            yield name, _listing(file, start, end, total)


def _listing(file, start, end, total):
    """(count, offset, source line, text) of each instruction there."""
    text = subprocess.run([places.llvm / "bin" / "llvm-objdump", "-d", "-l", "--demangle", "--no-show-raw-insn", f"--start-address={start:#x}",
                           f"--stop-address={end:#x}", file], capture_output=True, text=True, check=True).stdout
    place = ""
    for line in text.splitlines():
        if found := re.match(r"; (\S+:\d+)", line):
            place = found[1]
        elif (found := re.match(r" *([0-9a-f]+): +\t?(.*)", line)) and found[2] != "int3":      # what fills up
            address = int(found[1], 16)
            yield total[address], address - start, place, _instruction(found[2])
