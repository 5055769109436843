"""The patches of guest-pv-linux-patches, and a source tree that has some of them in it."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from basalt import places
from basalt.progress import Trouble

FOLDER = places.checkout / "guest-pv-linux-patches" / "6.1"


@dataclass(frozen=True)
class Patch:
    """One file of `git format-patch`'s."""

    file: Path

    @property
    def number(self):
        return self.file.name.partition("-")[0]

    @property
    def text(self):
        return self.file.read_text()

    @property
    def change(self):
        """Without the message."""
        return self.text.partition("\n---\n")[2]

    @property
    def touched(self):
        """The files that it changes, as they are named in the source."""
        return re.findall(r"^diff --git a/(\S+) b/\S+$", self.text, re.M)


def patches():
    return [Patch(file) for file in sorted(FOLDER.glob("[0-9]*.patch"))]


def chosen(words):
    """The patches that `words` names: none, all, or numbers and parts of names with commas between them; in the series' order."""
    if words in ("none", "all"):
        return patches() if words == "all" else []
    wanted = set()
    for word in words.split(","):
        found = [patch for patch in patches() if word and word in patch.file.name]
        if not found:
            raise Trouble(f"--series: no patch is named {word!r}; there are: {', '.join(patch.file.stem for patch in patches())}")
        wanted.update(found)
    return [patch for patch in patches() if patch in wanted]


def name_of(series):
    """`none`, `all` or the numbers: names a kernel that has these patches."""
    return "none" if not series else "all" if series == patches() else "+".join(patch.number for patch in series)


def apply(series, tree):
    """Applies `series` to the files below `tree`, or says which patch does not fit."""
    # Where `tree` is inside a checkout, git would look for the files at its top.
    alone = os.environ | {"GIT_CEILING_DIRECTORIES": str(Path(tree).resolve().parent)}
    for patch in series:
        ran = subprocess.run(["git", "apply", patch.file], cwd=tree, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=alone)
        if ran.returncode != 0:
            raise Trouble(f"{patch.file.name} does not apply: {ran.stderr.strip()}")


def copy(names, source, target):
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)


def put(series, tree, pristine):
    """Makes `tree` the clean source with `series` in it, whatever was in it before; other files keep their dates.

    `pristine` holds the clean text of every file that was ever touched here. An interruption leaves both usable.
    """
    for name in {name for patch in series for name in patch.touched}:
        if not (pristine / name).exists():
            half = pristine / f"{name}.new"
            half.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(tree / name, half)
            half.rename(pristine / name)
    known = [str(file.relative_to(pristine)) for file in pristine.rglob("*") if file.is_file() and file.suffix != ".new"]
    with tempfile.TemporaryDirectory() as folder:
        copy(known, pristine, Path(folder))
        apply(series, folder)
        for name in known:
            wanted = (Path(folder) / name).read_bytes()
            if (tree / name).read_bytes() != wanted:
                half = tree / f"{name}.new"
                half.write_bytes(wanted)
                half.rename(tree / name)
