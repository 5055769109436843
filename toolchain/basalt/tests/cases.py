"""What a guest of the kit says of its cases, and whether that is in order."""

import re

OUTCOMES = ("PASS", "FAIL", "SKIP")


class Cases:
    """Listens to the guest's console. Other domains' lines have a prefix there, and so do the hypervisor's."""

    def __init__(self):
        self.running = None     # the case that has begun, and not ended
        self._said = dict.fromkeys(OUTCOMES, 0)
        self._closing = None

    def hear(self, line):
        """Whether the line is for whoever reads, too: that a case begins is kept for the case that it does not end."""
        if line.startswith("CASE "):
            self.running = line.removeprefix("CASE ")
            return False
        for outcome in OUTCOMES:
            if line.startswith(f"{outcome} "):
                self._said[outcome] += 1
                self.running = None
        if found := re.fullmatch(r"guest: (\d+) passed, (\d+) failed, (\d+) skipped", line):
            self._closing = found
        return True

    def complaint(self):
        if self._closing is None:
            return "the guest did not come to its closing line"
        counted = dict(zip(OUTCOMES, map(int, self._closing.groups())))
        if counted != self._said:
            return f"the guest counted {counted}, but said {self._said}"
        return f"cases that failed: {counted['FAIL']}" if counted["FAIL"] else None
