"""Runs lit on a folder, showing its progress, and tells what became of each test."""

import json
import subprocess
import sys
from dataclasses import dataclass

from basalt import places

LIT = str(places.llvm / "build" / "utils" / "lit" / "lit.py")


@dataclass(frozen=True)
class Outcome:
    name: str       # the test's path below its folder
    code: str       # lit's word: PASS, FAIL, TIMEOUT, UNSUPPORTED, ...

    @property
    def failed(self):
        return self.code in ("FAIL", "XPASS", "TIMEOUT", "UNRESOLVED")


def run_lit(folder, label, pattern=None, parameters=(), at_once=2):
    results = places.build / "tests" / f"{label}.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    command = [sys.executable, LIT, "-v", f"-j{at_once}", "--no-progress-bar", f"--output={results}"]
    command += [f"-D{parameter}" for parameter in parameters]
    if pattern:
        command += ["--filter", pattern, "--allow-empty-runs"]
    ran = subprocess.run([*command, str(folder)], stdin=subprocess.DEVNULL)
    if not results.exists():
        return [Outcome(f"lit itself (status {ran.returncode})", "FAIL")]
    tests = json.loads(results.read_text())["tests"]
    return [Outcome(test["name"].split(" :: ")[-1], test["code"]) for test in tests if test["code"] != "EXCLUDED"]
