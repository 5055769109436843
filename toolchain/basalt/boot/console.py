"""Runs a machine and reads its console line by line, until what is waited for has been said or cannot be any more."""

import ctypes
import os
import re
import select
import signal
import subprocess
import time

from basalt.boot.endings import Endings
from basalt.boot.monitor import Monitor

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# A kernel that is stuck complains of it again and again, with other numbers.
_KERNEL_LINE = re.compile(r"^\[ *\d+\.\d+\]")
_NUMBER = re.compile(r"[0-9a-f]*[0-9][0-9a-f]*")
_LOOK_EVERY = 5     # seconds of silence after which QEMU is asked whether the machine has halted for good
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
    """A running machine. Use it in a `with` block: leaving the block ends the machine, whatever happened.

    Limits are on silence, in seconds: whoever says something new has all of them again. What `job` says has a line of its
    own, so that nothing of it is taken for the machine's words. At the keyboard (`keys`), stdin is QEMU's own.
    """

    def __init__(self, machine, log, job=None, keys=False):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.begun = time.monotonic()
        self.log = log
        self.endings = Endings()
        self.show = None            # is called with all that is said from then on, bytes as they come
        self._job = job
        self.monitor = Monitor()
        lines = {"monitor": self.monitor.machines_end} | ({"job": job.machines_end} if job else {})
        command = machine.command({name: line.fileno() for name, line in lines.items()}, keys)
        self._log = open(log, "w", encoding="utf-8")
        self._log.write(f"# {' '.join(command)}\n")
        self._pending = b""
        self._last = ""
        self._job_part = b""
        self._complaints = set()
        self._news = self.begun     # when something new was said last
        self._restarts = 0
        self._halted = False
        self._process = subprocess.Popen(command, stdin=None if keys else subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, preexec_fn=die_with_parent,
                                         pass_fds=[line.fileno() for line in lines.values()])
        for line in lines.values():
            line.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self.monitor, self._job, self._log):
            if file is not None:
                file.close()

    @property
    def last_words(self):
        return self._cleaned(self._pending) or self._last

    def send(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def show_from_here(self, show):
        """Passes on, byte by byte, what nobody has read as a line yet, and all that follows."""
        show(self._pending)
        self.show = show

    def lines(self, limit):
        """Every further line as (seconds since start, text), until the machine ends."""
        self._news = time.monotonic()
        while (line := self._next_line(limit)) is not None:
            yield time.monotonic() - self.begun, line
            if self.endings.boot_loader_gave_up(line):
                raise Ended(line.strip())

    def expect(self, pattern, limit):
        """The match of the first line in which `pattern` is found. Raises MachineFailed when it cannot come."""
        for _, line in self.lines(limit):
            if found := re.search(pattern, line):
                return found
        raise self._ended_without(f"saying /{pattern}/")

    def expect_prompt(self, pattern, limit):
        """Waits for a last line that has no end yet: whoever printed it expects an answer."""
        self._news = time.monotonic()
        while not re.search(pattern, self._cleaned(self._pending)):
            if self._next_line(limit, or_part=True) is None:
                raise self._ended_without(f"the prompt /{pattern}/")

    def wait(self, limit):
        """How the machine ended, once it has by itself."""
        for _ in self.lines(limit):
            pass
        return self.end()

    def end(self):
        """How the machine, which says no more, ended. Raises Panicked when its own word for that is a bad one."""
        if not self._halted:
            self.monitor.hear_the_end()
            while self._job and self._hear_job():
                pass
        reason = "halted" if self._halted else self.monitor.end or f"status {self._process.wait()}"
        return self._judged(self.endings.end(reason))

    def _ended_without(self, what):
        return Ended(f"the machine ended ({self.end().words}) without {what}")

    @staticmethod
    def _judged(end):
        if end.how in ("panic", "crash"):
            raise Panicked(end.words)
        return end

    def _next_line(self, limit, or_part=False):
        """The next line, or None when there will be none; with `or_part`, "" as soon as part of one is there."""
        while b"\n" not in self._pending:
            if not self._hear(limit):
                line, self._pending = self._pending, b""
                return self._written(line) if line else None
            if or_part and b"\n" not in self._pending:
                return ""
        line, self._pending = self._pending.split(b"\n", 1)
        return self._written(line)

    def _hear(self, limit):
        """Takes in what is said next, by whomever; false when the machine has ended."""
        sources = [self._process.stdout, self.monitor, *([self._job] if self._job else [])]
        while True:
            left = max(0, self._news + limit - time.monotonic())
            readable, _, _ = select.select(sources, [], [], min(left, _LOOK_EVERY))
            # What has been said on the console came before what QEMU says of it, so it is heard first.
            if self._process.stdout in readable:
                data = os.read(self._process.stdout.fileno(), 65536)
                self._pending += data
                if self.show:
                    self.show(data)
                return bool(data)
            if self._job in readable:
                if not self._hear_job():
                    sources.remove(self._job)
            elif self.monitor in readable:
                if not self.monitor.listen():
                    sources.remove(self.monitor)
                self._look_at_restart()
            elif self.monitor.stands_still_for_good():
                self._halted = True
                return False
            elif left == 0:
                raise Silent(f"nothing new was said in {limit} s; the last words were {self.last_words!r}")

    def _hear_job(self):
        self._news = time.monotonic()
        data = self._job.listen()
        *whole, self._job_part = (self._job_part + data).split(b"\n")
        for line in whole if data else [self._job_part]:
            self._note("| " + line.decode("utf-8", "replace"))
        return bool(data)

    def _look_at_restart(self):
        """A machine that goes on after a reset has ended all the same, and should have been told to."""
        if self.monitor.restarts == self._restarts:
            return
        self._restarts = self.monitor.restarts
        end = self.endings.end("guest-reset")
        if not end.in_order:
            raise Panicked(end.words)

    @staticmethod
    def _cleaned(raw):
        return ESCAPES.sub("", raw.decode("utf-8", "replace")).replace("\r", "")

    def _note(self, line):
        self._log.write(f"{time.monotonic() - self.begun:9.3f} {line}\n")
        self._log.flush()

    def _written(self, raw):
        line = self._cleaned(raw)
        self._note(line)
        self._last = line
        if self._is_news(line):
            self._news = time.monotonic()
        if self._job is None or not self._job.said_on_console(line):
            self.endings.hear(line)
        elif self._job.take_from_console(line):
            self.send("\n")
        return line

    def _is_news(self, line):
        if not _KERNEL_LINE.search(line):
            return True
        complaint = _NUMBER.sub("N", line)
        is_new = complaint not in self._complaints
        self._complaints.add(complaint)
        return is_new
