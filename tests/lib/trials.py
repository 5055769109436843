"""One guest or one host test, run for what it complains of first."""

import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import places

TESTS = Path(__file__).resolve().parents[1]
_RUN_LINE = re.compile(r"^// RUN: %(?P<driver>[\w-]+)(?P<words>.*?)\|", re.M)
_CONTINUED = re.compile(r"\\\n// RUN:")
_PASSED = re.compile(r"^guest: \d+ passed, 0 failed", re.M)
_LINE = re.compile(r"(?P<panic>\(XEN\) Panic on CPU.*\n\(XEN\) (?P<why>.*))"
                   r"|\(XEN\) (?P<audit>audit: .*: found .*)"
                   r"|FAIL (?P<case>.+: .*)"
                   r"|(?P<wrong>wrong: .*)")
_HOST_LINE = re.compile(r"^\[  FAILED  \] (?P<case>[\w./]+)"
                        r"|(?P<sanitizer>.*runtime error: .*|.*ERROR: AddressSanitizer: \S+)"
                        r"|(?P<claim>.*: not so: .*)", re.M)


@dataclass(frozen=True)
class Test:
    ring: str       # guest or host
    name: str

    def __str__(self):
        return f"{self.ring} {self.name}"

    @property
    def preset(self):
        return "release" if self.ring == "guest" else "host"

    @property
    def targets(self):
        return ("basalt", f"guest-{self.name}") if self.ring == "guest" else (f"test_{self.name}",)

    def run(self, limit=120):
        """(what it complained of first, or None; seconds it took)"""
        begun = time.monotonic()
        complaint = _guest(self.name, limit) if self.ring == "guest" else _host(self.name, limit)
        return complaint, time.monotonic() - begun


def every_test():
    guests = sorted(source.stem for source in (TESTS / "guest").glob("*.cpp"))
    hosts = sorted({source.parent.name for source in (TESTS / "host").glob("*/*_test.cpp")})
    return [Test("host", name) for name in hosts] + [Test("guest", name) for name in guests]


def _guest(name, limit):
    source = TESTS / "guest" / f"{name}.cpp"
    line = _RUN_LINE.search(_CONTINUED.sub("", source.read_text()))
    driver = {"boot-guest": ["boot_guest.py", source], "each-instruction": ["each_instruction.py"]}[line["driver"]]
    command = [sys.executable, TESTS / "guest" / driver[0], *driver[1:], "--limit", str(int(limit)), *shlex.split(line["words"])]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if ran.returncode == 0 and _PASSED.search(ran.stdout):
        return None
    found = _LINE.search(ran.stdout)
    if not found:
        said = [line for line in ran.stdout.splitlines() if line.strip() and not line.endswith(": resetting")]
        return f"the guest died: {(said or ['nothing was said'])[-1]}"
    if found["panic"]:
        return f"the hypervisor panicked: {found['why']}"
    return found["case"] or found["wrong"] or f"the {found['audit']}"


def _host(name, limit):
    program = places.build / "host" / "tests" / "host" / f"test_{name}"
    try:
        ran = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return "it does not end"
    if ran.returncode == 0:
        return None
    found = _HOST_LINE.search(ran.stdout)
    if not found:
        return f"it died with status {ran.returncode}"
    return found["case"] or (found["sanitizer"] or found["claim"]).strip()
