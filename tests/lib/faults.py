"""Deliberate faults: patches that say what they break, tried one at a time in this tree, which is a copy."""

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import builds
import places
from build import build, configure
from progress import Trouble, say, step
from trials import Test, every_test

FOLDER = Path(__file__).resolve().parents[1] / "faults"
_TEST = re.compile(r"^Test: (guest|host|command) (\w+)$", re.M)


@dataclass(frozen=True)
class Fault:
    file: Path
    wrong: str          # what does not hold any more
    tests: tuple        # that should notice

    @property
    def name(self):
        return self.file.stem


def _read(file):
    said, diff, _ = file.read_text().partition("\n--- ")
    tests = tuple(Test(*found) for found in _TEST.findall(said))
    wrong = " ".join(line for line in said.splitlines() if not line.startswith(("Test: ", "diff ", "index ")))
    if not (diff and tests and wrong):
        raise Trouble(f"{file.name} should say what is wrong, `Test: guest NAME`, `host NAME` or `command NAME`, and then the patch")
    return Fault(file, wrong, tests)


def all_faults():
    return [_read(file) for file in sorted(FOLDER.glob("*.patch"))]


def _apply(fault, *how):
    return subprocess.run(["git", "apply", *how, fault.file], cwd=places.checkout, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def outdated():
    """(fault, why) of each that does not fit the tree any more."""
    for fault in all_faults():
        tried = _apply(fault, "--check")
        if tried.returncode != 0:
            yield fault, tried.stdout.strip()


@contextmanager
def _applied(fault):
    applied = _apply(fault)
    if applied.returncode != 0:
        raise Trouble(f"the patch does not apply: {applied.stdout.strip()}")
    try:
        yield
    finally:
        if _apply(fault, "-R").returncode != 0:
            raise SystemExit(f"{fault.name} cannot be taken back; the next run makes the copy anew")


def _build(tests):
    # Without optimisation across files, which would cost a minute each time.
    if not builds.is_configured(places.build / "release"):
        configure("release", BASALT_LTO="OFF")
    for preset in sorted({test.preset for test in tests if test.targets}):
        build(preset, *sorted({target for test in tests if test.preset == preset for target in test.targets}))


def _healthy(tests):
    """{test: seconds it takes} of those that pass without any fault: no other can catch one."""
    with step("what the tests need built"):
        _build(tests)
    times = {}
    for test in tests:
        complaint, times[test] = test.run()
        if complaint:
            say(f"{test} fails without any fault, and so catches none: {complaint}")
            del times[test]
    return times


def _tried(fault, times, ask_all):
    """What became of the fault, and whether that is as it should be."""
    tests = [test for test in (times if ask_all else fault.tests) if test in times]
    if not tests:
        return "could not be tried: its tests fail without it", False
    caught = []
    try:
        with _applied(fault):
            _build(tests)
            for test in tests:
                if complaint := test.run(limit=max(30, 5 * times[test]))[0]:
                    caught.append(f"{test}: {complaint}")
                    if not ask_all:
                        break
    except Trouble as trouble:
        return f"could not be tried: {trouble}", False
    if not caught:
        return f"NOT CAUGHT by {', '.join(map(str, tests))}", False
    return "caught by " + "\n    and ".join(caught), True


def try_all(wanted, ask_all):
    """Prints a line for each fault; the exit status."""
    times = _healthy(every_test() if ask_all else list(dict.fromkeys(test for fault in wanted for test in fault.tests)))
    missed = 0
    for fault in wanted:
        outcome, as_it_should_be = _tried(fault, times, ask_all)
        missed += not as_it_should_be
        print(f"{fault.name}: {outcome}", flush=True)
    print(f"{len(wanted) - missed} faults caught, {missed} not")
    return 1 if missed else 0
