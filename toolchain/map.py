#!/usr/bin/env python3
"""The rooms, floor by floor, and each seam with who answers it, in hypervisor/README.md.

    toolchain/map.py write [BUILD]     writes both again, from hypervisor/CMakeLists.txt and the objects of BUILD (build/release)
    toolchain/map.py check [BUILD]     says what is stale, and fails
    toolchain/map.py picture           the same of the rooms alone, which needs no build

A seam is a function that a room calls and that no room below it defines: the linker finds the answer in a room above.
"""
import json
import re
import subprocess
import sys
from collections import defaultdict, namedtuple
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
README = TREE / "hypervisor" / "README.md"
NM = "llvm-nm-19"
Room = namedtuple("Room", "name folder uses pure")
Seam = namedtuple("Seam", "name header answer")


def rooms():
    """As hypervisor/CMakeLists.txt lists them, lowest first."""
    found = {}
    for words in re.findall(r"^room\(NAME (.*)\)$", (TREE / "hypervisor" / "CMakeLists.txt").read_text(), re.M):
        words = words.split()
        parts, part = defaultdict(list), "NAME"
        for word in words:
            if word in ("PURE", "FOLDER", "EXCEPT", "MAY_USE", "KEEPS"):
                part = word
                parts[part]
            else:
                parts[part].append(word)
        name = parts["NAME"][0]
        uses = [used for used in parts["MAY_USE"] + parts["KEEPS"] if used in found]      # libraries are no rooms
        found[name] = Room(name, (parts["FOLDER"] or [f"hypervisor/{name}"])[0], uses, "PURE" in parts)
    return found


def below(all_rooms, name):
    """Every room that this one sees."""
    direct = all_rooms[name].uses
    return set(direct).union(*(below(all_rooms, used) for used in direct))


def picture(all_rooms):
    floors = {}
    for room in all_rooms.values():
        floors[room.name] = 1 + max((floors[used] for used in room.uses), default=-1)
    for floor in range(max(floors.values()), -1, -1):
        for room in (room for room in all_rooms.values() if floors[room.name] == floor):
            name = room.name + ("*" if room.pure else "")
            yield f"    {floor:2}  {name:15}> {' '.join(room.uses)}".rstrip(" >")


def compiled(build):
    """(room, source, object) of each file of a room."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        object_file = re.search(r" -o (\S*/room-(\w+)\.dir/\S+)", entry["command"])
        if object_file:
            yield object_file[2], Path(entry["file"]).relative_to(TREE), build / object_file[1]


def symbols(object_files):
    """(object, is it defined there, demangled name) of each global symbol."""
    listed = subprocess.run([NM, "-A", "--demangle", "--extern-only", *object_files], check=True, capture_output=True, text=True)
    for object_file, kind, name in re.findall(r"^(\S+): [0-9a-f -]{16} (\w) (.*)$", listed.stdout, re.M):
        yield Path(object_file), kind != "U", name


def seams(all_rooms, build):
    defined, wanted = defaultdict(list), defaultdict(set)
    made_from = {object_file: (room, source) for room, source, object_file in compiled(build)}
    for object_file, is_defined, name in symbols(made_from):
        room, source = made_from[object_file]
        if is_defined:
            defined[name].append((room, source))    # an inline variable's, in many
        else:
            wanted[name].add(room)
    found = set()
    for name, askers in wanted.items():
        definers = {room for room, _ in defined[name]}
        askers = [asker for asker in askers if definers and not definers & ({asker} | below(all_rooms, asker))]
        if askers:
            source = defined[name][-1][1]
            short = re.sub(r"\(.*", "", name).removeprefix("basalt::")
            found.add(Seam(short, declared_in(all_rooms, short, askers), source))
    order = list(all_rooms)
    return sorted(found, key=lambda seam: (order.index(seam.header[0]), seam.header[1], seam.name))


def declared_in(all_rooms, name, askers):
    """(room, header): the one that everybody sees who asks."""
    seen = set.intersection(*({asker} | below(all_rooms, asker) for asker in askers))
    declaration = re.compile(rf"^(?!inline|constexpr|using)[\w\[][^;={{}}]*[ &*]{re.escape(name.split('::')[-1])}\([^;{{]*;", re.M)
    found = [(room, header.relative_to(TREE)) for room in all_rooms if room in seen
             for header in sorted((TREE / all_rooms[room].folder).rglob("*.hpp")) if declaration.search(header.read_text())]
    if len(found) != 1:
        sys.exit(f"map.py: {name}, asked for by {', '.join(askers)}, is declared in {len(found)} headers that they see: "
                 f"{' '.join(str(header) for _, header in found)}")
    return found[0]


def table(all_seams):
    yield "| declared in | seam | answered in |"
    yield "| --- | --- | --- |"
    rows = defaultdict(list)
    for seam in all_seams:
        rows[seam.header[1], seam.answer].append(f"`{seam.name}`")
    for (header, answer), names in rows.items():
        yield f"| {link(header)} | {', '.join(names)} | {link(answer)} |"


def link(file):
    """Relative to the README."""
    inside = file.parts[0] == "hypervisor"
    return f"[{'/'.join(file.parts[inside:])}]({'/'.join(file.parts[inside:]) if inside else f'../{file}'})"


def with_parts(text, parts):
    for name, lines in parts.items():
        begin, end = f"<!-- {name}: made by toolchain/map.py -->\n", f"<!-- end of {name} -->\n"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            sys.exit(f"map.py: {README} has no place for the {name}")
        text = before + begin + "\n" + "".join(f"{line}\n" for line in lines) + "\n" + end + after
    return text


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in ("write", "check", "picture"):
        sys.exit(__doc__)
    build = Path(sys.argv[2]).resolve() if len(sys.argv) == 3 else TREE / "build" / "release"
    all_rooms = rooms()
    parts = {"picture": picture(all_rooms)}
    if sys.argv[1] != "picture":
        parts["seams"] = table(seams(all_rooms, build))
    before = README.read_text()
    now = with_parts(before, parts)
    if sys.argv[1] == "write":
        README.write_text(now)
    elif now != before:
        for line in sorted(set(now.splitlines()) ^ set(before.splitlines())):
            print(f"{'missing' if line in now.splitlines() else 'not true'}: {line.strip()}")
        sys.exit("hypervisor/README.md is stale: `toolchain/map.py write` makes it again")


main()
