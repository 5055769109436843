"""What came of a ring: how many cases held, how many did not, how many could not be tried."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Verdict(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"
