"""Tells whoever waits what is being done and how long it took, on stderr, so that stdout holds results only."""

import sys
import time
from contextlib import contextmanager


class Trouble(Exception):
    """Something the person at the keyboard can mend; its text is the one line they see."""


def say(text):
    print(f"-- {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text):
    begun = time.monotonic()
    yield
    say(f"{text}: {time.monotonic() - begun:.1f} s")
