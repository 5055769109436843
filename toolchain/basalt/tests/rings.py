"""The rings: each builds what it needs, runs, and answers with a Verdict."""

import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

from basalt import places, prepare
from basalt.build import build
from basalt.kernel import check
from basalt.progress import say, step
from basalt.tests import answers, checks, faults, refusals
from basalt.tests.litrun import run_lit
from basalt.tests.verdict import Verdict


def style(pattern):
    """What is said of files without running them; counted by file and check."""
    return sum((checks.verdict(each, pattern) for each in checks.CHECKS), Verdict())


def host(pattern):
    """GoogleTest programs of the pure rooms, counted by GoogleTest case; fuzzers, each one case."""
    with step("host tests built"):
        folder = build("host")
    reports = folder / "reports"
    reports.mkdir(exist_ok=True)
    for old in reports.glob("*.xml"):
        old.unlink()
    # GoogleTest writes one report per program into a folder given with a slash at the end.
    programs = _programs(folder, pattern)
    ran = subprocess.run(["ctest", "--test-dir", folder, "--output-on-failure", "-j2", "-R", _one_of(programs)],
                         stdin=subprocess.DEVNULL, env=os.environ | {"GTEST_OUTPUT": f"xml:{reports}/"})
    verdict = sum((_report(file) for file in reports.glob("*.xml")), Verdict())
    # A program that died left no report: that is a failure too. Fuzzers never leave one.
    if ran.returncode == 0:
        verdict += Verdict(passed=sum(name.startswith("fuzz_") for name in programs))
    elif not verdict.failed:
        verdict += Verdict(failed=1)
    return verdict + _refusals(folder, pattern) + _commands(pattern) + _patches(pattern) + (Verdict() if pattern else _faults())


def _programs(folder, pattern):
    """CTest's tests whose names match as they do everywhere else: its own regular expressions know less."""
    listed = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, check=True)
    return [test["name"] for test in json.loads(listed.stdout)["tests"] if re.search(pattern or "", test["name"])]


def _one_of(names):
    return f"^({'|'.join(names)})$"


def _commands(pattern):
    """A case for each promise of boot/run and of what runs the tests; their names are as in `commands/endings_test.py`."""
    files = [file for file in sorted((places.tests / "commands").glob("*_test.py")) if re.search(pattern or "", f"commands/{file.name}")]
    if not files:
        return Verdict()
    suites = (unittest.defaultTestLoader.discover(str(file.parent), file.name) for file in files)
    ran = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite(suites))
    failed, skipped = len(ran.failures) + len(ran.errors), len(ran.skipped)
    return Verdict(ran.testsRun - failed - skipped, failed, skipped)


def _refusals(folder, pattern):
    """A case for each line that must not compile; their names are as in `refused/ignored.cpp`."""
    verdict = Verdict()
    for file in sorted(refusals.FOLDER.glob("*.cpp")):
        if not re.search(pattern or "", f"refused/{file.name}"):
            continue
        cases, wrong = refusals.look(file, folder)
        for each in wrong:
            print(f"tests/refused/{file.name}: {each}", flush=True)
        failed = min(len(wrong), max(cases, 1))
        verdict += Verdict(max(cases - failed, 0), failed)
    return verdict


def _patches(pattern):
    """A case for each patch to Linux: it applies, alone and behind the others; and one more: what they touch compiles."""
    if not re.search(pattern or "", "guest-pv-linux-patches"):
        return Verdict()
    prepare.kernel_tools()
    told = check.applies()
    for complaint in filter(None, told.values()):
        print(f"guest-pv-linux-patches: {complaint}", flush=True)
    failed = sum(complaint is not None for complaint in told.values())
    if failed:
        return Verdict(len(told) - failed, failed + 1)
    check.compile_touched()
    return Verdict(passed=len(told) + 1)


def _faults():
    """A case for each deliberate fault: it fits the tree. What it breaks is tried by tests/faults/run."""
    outdated = list(faults.outdated())
    for fault, why in outdated:
        print(f"tests/faults/{fault.file.name} does not fit the tree any more: {why}", flush=True)
    return Verdict(passed=len(faults.all_faults()) - len(outdated), failed=len(outdated))


def _report(file):
    suites = xml.parse(file).getroot()
    total, failed = int(suites.get("tests", 0)), int(suites.get("failures", 0)) + int(suites.get("errors", 0))
    skipped = int(suites.get("disabled", 0)) + sum(int(suite.get("skipped", 0)) for suite in suites)
    return Verdict(total - failed - skipped, failed, skipped)


def guest(pattern, on):
    """Small kernels as the first domain of Basalt or of stock Xen; counted by case, as the guests print them."""
    with step("test guests built"):
        build("release", "guests", *(["basalt"] if on == "basalt" else []))
    outcomes = run_lit(places.tests / "guest", f"guest-{on}", pattern, [f"on={on}"])
    verdict = sum((_cases(outcome, on) for outcome in outcomes), Verdict())
    return verdict if pattern or on != "basalt" else verdict + _answers(on) + _map()


def _answers(on):
    """One case more: every answer that the manual names was given, and no other."""
    complaints = list(answers.complaints(on))
    for complaint in complaints:
        print(complaint, flush=True)
    say("{} of {} answers that the manual names were seen".format(*answers.shown(on)))
    return Verdict(failed=1) if complaints else Verdict(passed=1)


def _map():
    """And one: hypervisor/README.md tells the rooms and their seams as they are in the objects of the image."""
    told = subprocess.run([places.checkout / "toolchain" / "map.py", "check", places.build / "release"], stdin=subprocess.DEVNULL)
    return Verdict(failed=1) if told.returncode else Verdict(passed=1)


def _cases(outcome, on):
    log = places.logs / "guest" / on / f"{Path(outcome.name).stem}.log"
    text = log.read_text() if log.exists() else ""
    passed, failed, skipped = (len(re.findall(rf"^ *[\d.]+ {word} ", text, re.M)) for word in ("PASS", "FAIL", "SKIP"))
    if outcome.code == "UNSUPPORTED":
        return Verdict(skipped=1)
    for line in re.findall(r"^ *[\d.]+ (FAIL .*)", text, re.M):
        print(f"{outcome.name}: {line}", flush=True)
    # A guest that never came to its end counts as one failure more than it printed itself.
    return Verdict(passed, max(failed, 1) if outcome.failed else failed, skipped)


def system(pattern, on, rounds):
    """Stories of a whole machine with Debian's Dom0; counted by story."""
    prepare.dom0()
    with step("small domains built"):
        build("release", "story-files")
    if on == "basalt":
        prepare.basalt()
    outcomes = run_lit(places.tests / "system", f"system-{on}", pattern, [f"on={on}", f"rounds={rounds}"], at_once=1)
    verdict = Verdict()
    for outcome in outcomes:
        skipped = outcome.code == "UNSUPPORTED"
        verdict += Verdict(not outcome.failed and not skipped, outcome.failed, skipped)
    return verdict
