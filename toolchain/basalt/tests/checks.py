"""What the style ring asks of a file without running it. A case is one file under one check, such as `shellcheck boot/run`."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Callable

from basalt import places
from basalt.build import build
from basalt.progress import Trouble, step
from basalt.tests.listing import files
from basalt.tests.verdict import Verdict

# What is compiled into the image: to ask the tests as well would take as long again.
_SHIPPED = re.compile(r"(hypervisor|hypercalls/(?!manual/)|boot)/.*\.cpp")
_COMPLAINT = re.compile(r"^(?P<file>[^\s:][^:\n]*)(?P<what>:\d+:(\d+:)? (?!note: ).*)", re.M)


@dataclass(frozen=True)
class Check:
    name: str
    is_for: Callable        # whether it is for a file, by its name and its first line
    said_of: Callable       # what its tool says of the files: a line `FILE:LINE: ...` for each thing that is wrong


def interpreter(first_line):
    """What a program's first line has it run by: `bash`, of `#!/usr/bin/env bash`."""
    return re.split(r"[\s/]", first_line.strip())[-1] if first_line.startswith("#!") else None


def complaints_in(said, checkout):
    """{file: what is wrong with it}, each thing once: many files include one header."""
    found = {}
    for line in _COMPLAINT.finditer(said):
        file = (checkout / line["file"]).resolve()
        name = str(file.relative_to(checkout) if file.is_relative_to(checkout) else file)
        found.setdefault(name, {})[f"{name}{line['what']}"] = None
    return {name: list(lines) for name, lines in found.items()}


def _said(*command, **environment):
    ran = subprocess.run(command, cwd=places.checkout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, env=os.environ | environment)
    if ran.returncode != 0 and not _COMPLAINT.search(ran.stdout):
        raise Trouble(f"{Path(command[0]).name} failed (status {ran.returncode}): {ran.stdout.strip()[-500:]}")
    return ran.stdout


def _shellcheck(dialect):
    # What is wrong, and no taste. SC1090: it cannot follow `. ~/words.sh`.
    return lambda chosen: _said("shellcheck", "-f", "gcc", "-S", "warning", "-e", "SC1090", "-s", dialect, *chosen)


def _written_by_us(name):
    """Whether .clang-format describes it; clang-format itself says nothing of what it leaves alone."""
    lines = (places.checkout / ".clang-format-ignore").read_text().splitlines()
    left_alone = any(PurePath(name).match(line) for line in lines if line and not line.startswith("#"))
    return name.endswith((".cpp", ".hpp", ".h")) and not left_alone


def _clang_tidy(chosen):
    folder = build("release", "offsets_header")     # how each file is compiled, and the one header that is made

    def said_of(name):
        return _said("clang-tidy-19", "-p", folder, "--quiet", "--extra-arg=-Qunused-arguments", name)
    with ThreadPoolExecutor(os.cpu_count()) as several:
        return "".join(several.map(said_of, chosen))


CHECKS = (
    Check("shellcheck", lambda name, first: interpreter(first) == "bash", _shellcheck("bash")),
    # Dom0's shell is busybox's.
    Check("shellcheck", lambda name, first: name.endswith(".sh") or interpreter(first) == "sh", _shellcheck("dash")),
    Check("pyflakes", lambda name, first: name.endswith(".py") and not name.endswith("lit.cfg.py") or interpreter(first) == "python3",
          lambda chosen: _said("pyflakes3", *chosen)),
    Check("pyflakes", lambda name, first: name.endswith("lit.cfg.py"),
          lambda chosen: _said("pyflakes3", *chosen, PYFLAKES_BUILTINS="config,lit_config")),      # lit supplies these
    Check("clang-format", lambda name, first: _written_by_us(name), lambda chosen: _said("clang-format-19", "--dry-run", "-Werror", *chosen)),
    Check("clang-tidy", lambda name, first: bool(_SHIPPED.fullmatch(name)), _clang_tidy),
)


def _first_line(file):
    with open(file, "rb") as opened:
        return opened.readline(100).decode(errors="replace")


def verdict(check, pattern):
    """Of those of its files whose cases' names match; what is wrong is printed."""
    own = [name for name in files(places.checkout) if not (places.checkout / name).is_symlink()]
    chosen = [name for name in own if check.is_for(name, _first_line(places.checkout / name))]
    chosen = [name for name in chosen if re.search(pattern or "", f"{check.name} {name}")]
    if not chosen:
        return Verdict()
    with step(f"{check.name} of {len(chosen)} files"):
        complaints = complaints_in(check.said_of(chosen), places.checkout)
    for lines in complaints.values():
        print("\n".join(lines), flush=True)
    return Verdict(passed=len(set(chosen) - set(complaints)), failed=len(complaints))
