"""What goes into Dom0's image: the programs listed and the libraries they need, the modules listed and theirs."""

import os
import re
import subprocess
from pathlib import Path

from basalt.progress import Trouble, say

LIBRARY_FOLDERS = ("usr/lib/x86_64-linux-gnu", "usr/lib/xen-4.17/lib/x86_64-linux-gnu", "usr/lib")
READELF = "llvm-readelf-19"


def lines_of(file):
    text = (line.partition("#")[0].strip() for line in Path(file).read_text().splitlines())
    return [line for line in text if line]


def target_below(root, link):
    """The file that `link` would lead to if `root` were the root: an absolute link must not leave it."""
    target = os.readlink(link)
    return Path(os.path.normpath(root / target.lstrip("/") if target.startswith("/") else link.parent / target))


def resolved(root, file):
    while file.is_symlink():
        file = target_below(root, file)
    return file


def programs(listing, root):
    """(files below `root`, {link: target}) of a listing."""
    files, links = [], {}
    for line in lines_of(listing):
        path, _, name = line.partition(" -> ")
        found = root / path.lstrip("/")
        if not resolved(root, found).exists():
            raise Trouble(f"{listing}: no package brings {path}")
        files += sorted(file for file in found.rglob("*") if not file.is_dir()) if found.is_dir() else [found]
        if name:
            links[name] = path
    return files, links


def _needs(files):
    """{file: what it is linked to, as paths or sonames} of those that are ELF files."""
    elf = [file for file in files if file.is_file() and file.open("rb").read(4) == b"\x7fELF"]
    if not elf:
        return {}
    told = subprocess.run([READELF, "-d", "-l", *elf], capture_output=True, text=True, check=True).stdout
    needs, file = {}, elf[0]
    for line in told.splitlines():
        if line.startswith("File: "):
            file = Path(line[6:])
        elif found := re.search(r"\(NEEDED\).*\[(.+)\]|Requesting program interpreter: (.+)\]", line):
            needs.setdefault(file, []).append(found[1] or found[2])
    return needs


def libraries(files, root):
    """Every library that `files` need, directly or not."""
    found, ahead = {}, [resolved(root, file) for file in files]
    while ahead:
        needs = _needs(ahead)
        ahead = []
        for file, names in needs.items():
            for name in names:
                if name in found:
                    continue
                places = [root / name.lstrip("/")] if name.startswith("/") else [root / f / name for f in LIBRARY_FOLDERS]
                at = next((place for place in places if resolved(root, place).exists()), None)
                if at is None:
                    raise Trouble(f"{file.relative_to(root)} needs {name}, which no package in dom0/image/packages brings")
                found[name] = at
                ahead.append(resolved(root, at))
    return sorted(set(found.values()))


def refuse(text):
    raise Trouble(text)


class Modules:
    """The listed modules out of a kernel's `lib/modules/VERSION`, which has been through depmod; `lacks` is told of those it has not."""

    def __init__(self, listing, folder, lacks=refuse):
        self.folder = folder
        rows = [line.split() for line in lines_of(listing)]
        depends = {}
        for line in (folder / "modules.dep").read_text().splitlines():
            path, _, needs = line.partition(":")
            depends[self._name(path)] = (path, needs)
        absent = [row[0] for row in rows if self._name(row[0]) not in depends]
        if absent := [name for name in absent if self._name(name) not in self._built_in()]:
            lacks(f"{os.path.relpath(listing)}: the kernel of {os.path.relpath(folder)} has no module {', '.join(absent)}")
        self.at_boot = [row[0] for row in rows if "boot" in row[1:]]
        self.paths = {depends[self._name(row[0])][0] for row in rows if self._name(row[0]) in depends}
        for path in list(self.paths):
            self.paths.update(depends[self._name(path)][1].split())
        self.dependencies = "".join(f"{path}:{needs}\n" for path, needs in depends.values() if path in self.paths)

    def aliases(self):
        """modules.alias, as far as it names a module of the image: modprobe reads it each time it runs."""
        names = {self._name(path) for path in self.paths}
        lines = (self.folder / "modules.alias").read_text().splitlines()
        return "".join(f"{line}\n" for line in lines if line.startswith("alias ") and line.split()[-1] in names)

    def files(self):
        """{path below the folder: contents}: the modules, and what modprobe reads."""
        files = {path: (self.folder / path).read_bytes() for path in sorted(self.paths)}
        return files | {"modules.dep": self.dependencies.encode(), "modules.alias": self.aliases().encode()}

    def _built_in(self):
        listing = self.folder / "modules.builtin"
        return {self._name(path) for path in listing.read_text().split()} if listing.is_file() else set()

    @staticmethod
    def _name(path):
        return Path(path).name.removesuffix(".ko").replace("-", "_")


def modules_beside(kernel, listing, folder):
    """{path: contents} of the listed modules in each `lib/modules/VERSION` beside the file `kernel`, if any, as `folder`/VERSION.

    Such a kernel is somebody's own, and may do without a module: that is told, and no trouble.
    """
    files = {}
    for version in sorted(Path(kernel).parent.glob("lib/modules/*")):
        try:
            modules = Modules(listing, version, lacks=say).files()
        except OSError as why:
            raise Trouble(f"{os.path.relpath(why.filename)}: {why.strerror}; make modules_install and depmod put it there") from None
        files |= {f"{folder}/{version.name}/{path}": contents for path, contents in modules.items()}
    return files
