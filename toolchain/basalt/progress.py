"""Tells whoever waits what is being done and how long it took, on stderr, so that stdout holds results only."""

import sys
import threading
import time
from contextlib import contextmanager


class Trouble(Exception):
    """Something the person at the keyboard can mend; its text is the one line they see."""


def say(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text):
    """Tells how long the block took; when it takes more than a moment, also that it has begun."""
    begun = time.monotonic()
    announcement = threading.Timer(1.0, say, [f"{text} ..."])
    announcement.start()
    try:
        yield
    finally:
        announcement.cancel()
    say(f"{text}: {time.monotonic() - begun:.1f} s")
