"""How a machine ended, and whether that was in order.

Dom0, other guests and the command write on the hypervisor's console, and can print whatever it prints. But whoever is
ended has no word after that, and the hypervisor has: so nothing counts until QEMU itself says that the machine was
reset, switched off, or has halted; and then only the last of the words about an end.
"""

import re
from dataclasses import dataclass

# (what it is, the words of it: Basalt's, or stock Xen's)
_ENDS = (
    ("panic", r"\(XEN\) Panic on CPU"),
    ("crash", r"\(XEN\) (Dom0 has crashed|Hardware Dom0 crashed|Hardware Dom0 shutdown: watchdog)"),
    ("reboot", r"\(XEN\) (Dom0 asks for a reboot|Hardware Dom0 shutdown: rebooting)"),
    ("halt", r"\(XEN\) (Dom0 has shut down: halting|Hardware Dom0 halted: halting)"),
)
_END = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _ENDS))
# Why Dom0 crashed: its kernel's own words, or Basalt's of an exception that it could not take.
_REASON = re.compile(r"Kernel panic - not syncing.*|\(XEN\) (d0v\d+ crashed: (?!it asked for it).*|Domain 0 \(vcpu#\d+\) crashed.*)")
_AUDIT = re.compile(r"\(XEN\) audit: (?P<agrees>all frames, ports and grants agree)?(?!the record of ).*")
_GRUB_GIVES_UP = re.compile(r"^error: (?!no suitable video mode)|^grub rescue>")     # Basalt needs no screen

# What whoever ended it like that has done to the machine.
IN_ORDER = {"reboot": "rebooted the machine", "halt": "halted the machine", "power off": "switched the machine off"}


@dataclass(frozen=True)
class End:
    how: str        # "power off", "left" (by QEMU's keys or monitor), a name of _ENDS, or "unknown"
    words: str      # a line for whoever has to know

    @property
    def in_order(self):
        return self.how in IN_ORDER


class Endings:
    """Listens to a console, line by line."""

    def __init__(self):
        self._hypervisor = None     # its first line: before that only the firmware and GRUB can speak
        self._how, self._words, self._reason = None, "", ""
        self._last = ""
        self._audit = None

    def hear(self, line):
        if self._hypervisor is None and "(XEN) " in line:
            self._hypervisor = line
        if self._how == "panic" and self._words.endswith(":"):     # the line only announced the reason
            self._words = f"{self._words} {line.removeprefix('(XEN) ').strip()}"
        if found := _END.search(line):
            self._how, self._words = found.lastgroup, line[found.start():].strip()
        if found := _REASON.search(line):
            self._reason = found[0]
        if found := _AUDIT.search(line):
            self._audit = found
        elif line.strip() and "(XEN) " not in line:
            self._audit = None      # the audit before the end comes when Dom0 has said its last
        if line.strip():
            self._last = line

    def boot_loader_gave_up(self, line):
        return self._hypervisor is None and _GRUB_GIVES_UP.search(line) is not None

    def audit_complaint(self):
        """What is wrong with the audit that Basalt makes before the machine ends, or None."""
        if "(XEN) Basalt " not in (self._hypervisor or ""):
            return None
        if self._audit is None:
            return "the machine ended without the audit that Basalt ends with"
        return None if self._audit["agrees"] else self._audit[0]

    def end(self, reason):
        """QEMU's reason, explained by what was said last."""
        if reason == "guest-shutdown":
            return End("power off", self._last)
        if reason in ("status 0", "host-qmp-quit", "host-ui"):
            return End("left", "QEMU was told to end")
        if reason not in ("guest-reset", "halted"):
            return End("unknown", f"QEMU ended ({reason}); the last words were {self._last!r}")
        if self._how is None:
            return End("unknown", f"the machine {'was reset' if reason == 'guest-reset' else 'halted'} without a word of why; "
                                  f"the last words were {self._last!r}")
        words = f"{self._words} ({self._reason})" if self._how == "crash" and self._reason else self._words
        return End(self._how, words)
