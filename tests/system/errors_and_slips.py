"""After an error the machine gives time to read what it said, or stays as it is with `noreboot`; a slip on the command line is told.

REQUIRES: basalt
RUN: %python %s %hypervisor
"""

import sys
import time

from story import LIMIT, console_of
from basalt.boot.console import Panicked


def broken(words, *expected):
    """A machine that panics right before Dom0 is built; the seconds from its last expected word to its end."""
    with console_of([*sys.argv[1:], "--append", f"break=panic {words}"]) as console:
        for pattern in expected:
            console.expect(pattern, LIMIT)
        said = time.monotonic()
        try:
            console.wait(LIMIT)
        except Panicked as panic:
            assert "as the command line asked" in str(panic), panic
        else:
            raise AssertionError("no panic")
        return time.monotonic() - said


SLIPS = (r'option "console=foo": expected is com1 or com2', r'option "com1=5": expected is baud',
         r'option "break=nonsense": .*; what counts is what was said before it')
# A busy machine makes it longer, none makes it shorter.
assert broken("console=foo com1=5 break=nonsense", *SLIPS, r"Panic: resetting in five seconds") > 4
broken("noreboot", r"Panic: halted, as noreboot was given")
