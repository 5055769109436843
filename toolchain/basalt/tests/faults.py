"""Deliberate faults: files that say what they break, and how. Tried one at a time in this tree, which is a copy."""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from basalt import builds, places
from basalt.build import build, configure
from basalt.progress import Trouble, say, step
from basalt.tests.changes import changes_in, texts_of
from basalt.tests.trials import Test, every_test

FOLDER = places.tests / "faults"
_TEST = re.compile(r"^Test: (guest|host|command) (\w+)$", re.M)


@dataclass(frozen=True)
class Fault:
    file: Path
    wrong: str          # what does not hold any more
    tests: tuple        # that should notice
    changes: tuple

    @property
    def name(self):
        return self.file.stem


def _read(file):
    text = file.read_text()
    said = text.partition("\nIn: ")[0]
    tests = tuple(Test(*found) for found in _TEST.findall(said))
    wrong = " ".join(line for line in said.split("\n") if line and not line.startswith("Test: "))
    try:
        changes = changes_in(text)
    except Trouble as trouble:
        raise Trouble(f"{file.name}: {trouble}") from None
    if not (changes and tests and wrong):
        raise Trouble(f"{file.name} should say what is wrong, `Test: guest NAME`, `host NAME` or `command NAME`, "
                      "and then `In: FILE`")
    return Fault(file, wrong, tests, changes)


def all_faults():
    return [_read(file) for file in sorted(FOLDER.glob("*.fault"))]


def outdated():
    """(fault, why) of each that does not fit the tree any more."""
    for fault in all_faults():
        try:
            texts_of(fault.changes)
        except Trouble as trouble:
            yield fault, trouble


@contextmanager
def _applied(fault):
    texts = texts_of(fault.changes)
    try:
        for file, (_, faulty) in texts.items():
            file.write_text(faulty)
        yield
    finally:
        for file, (sound, _) in texts.items():
            file.write_text(sound)


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
