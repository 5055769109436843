"""One guest or one host test, run for what it complains of first."""

import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass

from basalt import places
from basalt.tests.silence import output_while_it_speaks

_RUN_LINE = re.compile(r"^// RUN: (?P<ends_badly>not )?%(?P<driver>[\w-]+)(?P<words>.*?)\|", re.M)
_CONTINUED = re.compile(r"\\\n// RUN:")
_LINE = re.compile(r"^\(XEN\) Panic on CPU.*\n\(XEN\) (?P<panic>.*)"
                   r"|\(XEN\) (?P<audit>audit: .*: found .*)"
                   r"|^FAIL (?P<case>.+: .*)"
                   r"|^(?P<wrong>wrong: .*)"
                   r"|^boot_guest: (?!the end: )(?P<end>.*)", re.M)
_HOST_LINE = re.compile(r"^\[  FAILED  \] (?P<case>[\w./]+)"
                        r"|(?P<sanitizer>.*runtime error: .*|.*ERROR: (?:AddressSanitizer|libFuzzer): \S+)"
                        r"|^(FAIL|ERROR): (?P<command>\w+)"
                        r"|(?P<claim>.*: not so: .*)", re.M)


@dataclass(frozen=True)
class Test:
    ring: str       # guest, host, or command: one of the host ring's in Python
    name: str

    def __str__(self):
        return f"{self.ring} {self.name}"

    @property
    def preset(self):
        return "release" if self.ring == "guest" else "host"

    @property
    def targets(self):
        if self.ring == "command":
            return ()
        return ("basalt", f"guest-{self.name}") if self.ring == "guest" else (_program_of(self.name),)

    def run(self, limit=300):
        """(what it complained of first, or None; seconds it took)"""
        begun = time.monotonic()
        complaint = _guest(self.name, limit) if self.ring == "guest" else _program(self, limit)
        return complaint, time.monotonic() - begun


def every_test():
    # One whose machine is to end in a panic (`RUN: not %boot-guest`) would say so of any fault.
    guests = sorted(source.stem for source in (places.tests / "guest").glob("*.cpp")
                    if (line := _RUN_LINE.search(source.read_text())) and not line["ends_badly"])
    hosts = sorted({source.parent.name for source in (places.tests / "host").glob("*/*_test.cpp")} |
                   {f"fuzz_{source.stem.removesuffix('_fuzz')}" for source in (places.tests / "host" / "decoders").glob("*_fuzz.cpp")})
    commands = sorted(source.stem.removesuffix("_test") for source in (places.tests / "commands").glob("*_test.py"))
    return [Test(ring, name) for ring, names in (("host", hosts), ("command", commands), ("guest", guests)) for name in names]


def _guest(name, limit):
    source = places.tests / "guest" / f"{name}.cpp"
    line = _RUN_LINE.search(_CONTINUED.sub("", source.read_text()))
    # As the ring on Basalt runs them: with SMAP, unless the guest's own words say otherwise.
    driver = {"boot-guest": ["boot_guest.py", source, "--smap"], "each-instruction": ["each_instruction.py"]}[line["driver"]]
    command = [sys.executable, places.tests / "guest" / driver[0], *driver[1:], "--limit", str(int(limit)), *shlex.split(line["words"])]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
    if line["ends_badly"]:
        return _unlike_expected(source, ran.stdout)
    if ran.returncode == 0:
        return None
    found = _LINE.search(ran.stdout)
    if not found:
        return f"{driver[0]} died with status {ran.returncode}"
    if found["panic"]:
        return f"the hypervisor panicked: {found['panic']}"
    return found["case"] or found["wrong"] or found["end"] or f"the {found['audit']}"


def _unlike_expected(source, said):
    """Of a guest whose machine is to end in a way of its own: what FileCheck misses in what it said, or None."""
    checked = subprocess.run([places.llvm / "bin" / "FileCheck", source], input=said, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return None if checked.returncode == 0 else checked.stderr.partition("\n")[0]


def _program_of(name):
    """The host ring's program: a fuzzer is called as itself, the others are tests."""
    return name if name.startswith("fuzz_") else f"test_{name}"


def _program(test, limit):
    """A program of the host ring, or a file of tests/commands. A fuzzer ends when CTest calls it."""
    host = places.build / "host"
    command = ([sys.executable, "-m", "unittest", "-v", f"{test.name}_test"] if test.ring == "command" else
               ["ctest", "--test-dir", host, "--output-on-failure", "-R", f"^{test.name}$"] if test.name.startswith("fuzz_") else
               [host / "tests" / "host" / f"test_{test.name}"])
    said, status = output_while_it_speaks(command, limit, cwd=places.tests / "commands",
                                          env=os.environ | {"PYTHONPATH": str(places.checkout / "toolchain")})
    if status == 0:
        return None
    if status is None:
        return "it does not end"
    found = _HOST_LINE.search(said)
    if not found:
        return f"it died with status {status}"
    return found["case"] or found["command"] or (found["sanitizer"] or found["claim"]).strip()
