"""Runs a machine and reads its console line by line, until what is waited for has been said or cannot be any more."""

import ctypes
import os
import re
import select
import signal
import subprocess
import time

# Whoever prints one of these has nothing more to tell: waiting for anything else would be waiting for the limit.
FATAL = re.compile(
    r"\(XEN\) Panic on CPU|panic: |Kernel panic - not syncing|(Hardware Dom0|Domain 0) (crashed|shutdown: crash)"
    r"|\(XEN\) audit: .*: found |^error: |error: you need to load the kernel first|grub rescue>")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PR_SET_PDEATHSIG = 1


class MachineFailed(Exception):
    """The machine cannot say what was waited for; the text tells why, in one line."""


class Panicked(MachineFailed):
    pass


class Ended(MachineFailed):
    pass


class Silent(MachineFailed):
    pass


def die_with_parent():
    # However this process ends, even by SIGKILL, the kernel ends the emulator with it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Console:
    """A running machine. Use it in a `with` block: leaving the block ends the machine, whatever happened."""

    def __init__(self, command, log):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.begun = time.monotonic()
        self.log = log
        self._log = open(log, "w", encoding="utf-8")
        self._log.write(f"# {' '.join(command)}\n")
        self._pending = b""
        self._last = ""
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, preexec_fn=die_with_parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._log.close()

    @property
    def pid(self):
        return self._process.pid

    @property
    def last_words(self):
        return self._cleaned(self._pending) or self._last

    def send(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def lines(self, limit, fatal=None):
        """Every further line as (seconds since start, text); ends with the machine. `limit` only catches hangs.

        A line in which `fatal` is found raises Panicked, once what follows it has been logged.
        """
        deadline = time.monotonic() + limit
        while (line := self._next_line(deadline)) is not None:
            yield time.monotonic() - self.begun, line
            if fatal and fatal.search(line):
                raise Panicked(self._report(line))

    def expect(self, pattern, limit, fatal=FATAL):
        """The match of the first line in which `pattern` is found. Raises MachineFailed when it cannot come."""
        for _, line in self.lines(limit, fatal):
            if found := re.search(pattern, line):
                return found
        raise Ended(f"the machine ended (status {self._process.wait()}) without saying /{pattern}/")

    def expect_prompt(self, pattern, limit):
        """Waits for a last line that has no end yet: whoever printed it expects an answer."""
        deadline = time.monotonic() + limit
        while not re.search(pattern, self._cleaned(self._pending)):
            if b"\n" in self._pending:
                line = self._next_line(deadline)
                if FATAL.search(line):
                    raise Panicked(self._report(line))
            elif not self._more(deadline):
                raise Ended(f"the machine ended (status {self._process.wait()}) without the prompt /{pattern}/")

    def wait(self, limit, fatal=FATAL):
        """QEMU's exit status, once the machine has ended by itself."""
        for _ in self.lines(limit, fatal):
            pass
        return self._process.wait()

    def _more(self, deadline):
        """Reads on; false when the machine has ended."""
        left = max(0, deadline - time.monotonic())
        readable, _, _ = select.select([self._process.stdout], [], [], left)
        if not readable or left == 0:
            raise Silent(f"not said in time; the last words were {self.last_words!r}")
        data = os.read(self._process.stdout.fileno(), 65536)
        self._pending += data
        return bool(data)

    def _next_line(self, deadline):
        while b"\n" not in self._pending:
            if not self._more(deadline):
                line, self._pending = self._pending, b""
                return self._written(line) if line else None
        line, self._pending = self._pending.split(b"\n", 1)
        return self._written(line)

    @staticmethod
    def _cleaned(raw):
        return ESCAPES.sub("", raw.decode("utf-8", "replace")).replace("\r", "")

    def _written(self, raw):
        line = self._cleaned(raw)
        self._log.write(f"{time.monotonic() - self.begun:9.3f} {line}\n")
        self._log.flush()
        self._last = line
        return line

    def _report(self, fatal_line):
        """A dying machine's first words, joined with the next line where they only announce it; logs the others."""
        said = []
        try:
            for _, line in self.lines(limit=2):
                said.append(line.removeprefix("(XEN) "))
        except Silent:
            pass
        first = fatal_line.strip()
        return f"{first} {said[0].strip()}" if first.endswith(":") and said else first
