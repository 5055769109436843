"""A machine at somebody's terminal: how far it has come while it boots, what to try when it has, and then the console itself."""

import os
import select
import sys
import termios
import time
from contextlib import contextmanager

from basalt.boot.endings import IN_ORDER
from basalt.progress import say

_BOOTED = "dom0: shell"     # what Dom0's init says before it
_KEPT = 20                  # lines of a boot that came to nothing


def write(data):
    """Writes bytes to stdout, which may be a terminal that QEMU, at the same one, has made non-blocking."""
    while data:
        try:
            data = data[os.write(1, data):]
        except BlockingIOError:
            select.select([], [1], [])


def size():
    """(columns, rows)"""
    for file in (0, 1, 2):
        try:
            columns, rows = os.get_terminal_size(file)
        except OSError:
            continue
        if columns > 0 and rows > 0:
            return columns, rows
    return 80, 24


@contextmanager
def kept():
    """QEMU changes the terminal, and cannot put it back when it is killed."""
    if not sys.stdin.isatty():
        yield
        return
    attributes, blocking = termios.tcgetattr(0), os.get_blocking(0)
    try:
        yield
    finally:
        os.set_blocking(0, blocking)
        termios.tcsetattr(0, termios.TCSADRAIN, attributes)


class Boot:
    """Shows what the hypervisor and Dom0's init say, and of the kernel's hundreds of lines how many there are."""

    def __init__(self):
        self._begun = time.monotonic()
        self._hidden = []
        self._drawn = 0.0
        self._live = sys.stderr.isatty()

    def hear(self, line):
        if "(XEN) " in line or line.startswith("dom0: "):
            self._clear()
            write(line.encode() + b"\n")
        else:
            self._hidden.append(line)
            self._draw()

    def _draw(self):
        now = time.monotonic()
        if not self._live or now - self._drawn < 0.2:
            return
        self._drawn = now
        text = f"-- {len(self._hidden)} lines of Dom0's kernel, {now - self._begun:.0f} s"
        sys.stderr.write(f"\r{text[:size()[0] - 1]}\x1b[K")
        sys.stderr.flush()

    def _clear(self):
        if self._live and self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def is_over(self):
        self._clear()

    def has_failed(self):
        self._clear()
        for line in self._hidden[-_KEPT:]:
            write(line.encode() + b"\n")


def run(console, what_runs, to_try, verbose):
    """How the machine ended; the two texts are told when it has booted."""
    boot = Boot()
    if verbose:
        console.show = write
    try:
        for when, line in console.lines(float("inf")):
            if _BOOTED in line:
                break
            if not verbose:
                boot.hear(line)
        else:
            return console.end()
    except BaseException:
        boot.has_failed()
        raise
    boot.is_over()
    say(f"{what_runs}; {when:.0f} s after power on")
    say(f"try: {to_try}")
    say(f"Ctrl-A X leaves; the whole console is in {os.path.relpath(console.log)}")
    if not verbose:
        console.show_from_here(write)
    end = console.wait(float("inf"))
    if end.in_order:
        say(f"Dom0 {IN_ORDER[end.how]}")
    return end
