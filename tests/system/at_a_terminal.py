"""boot/run at somebody's terminal: the hypervisor's own lines and how far it is, none of the kernel's; then what runs and what
to try, and the shell. Ctrl-A X leaves, and the terminal is as it was.

RUN: %python %s %hypervisor
"""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

LIMIT = 300     # seconds of silence
BOOT_RUN = Path(__file__).resolve().parents[2] / "boot" / "run"
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")

ours, theirs = pty.openpty()
termios.tcsetwinsize(theirs, (33, 77))
before = termios.tcgetattr(theirs)
said = b""


def until(pattern):
    global said
    while not (found := re.search(pattern, ESCAPES.sub(b"", said))):
        assert select.select([ours], [], [], LIMIT)[0], f"not said: {pattern}; but {said[-300:]}"
        said += os.read(ours, 65536)
    return found


with subprocess.Popen([BOOT_RUN, "--no-guest", *sys.argv[1:]], stdin=theirs, stdout=theirs, stderr=theirs,
                      start_new_session=True) as boot_run:
    try:
        until(rb"(?s)runs on 1 CPU and 1G.*try: xl list.*Ctrl-A X leaves.*dom0:~# $")
        text = ESCAPES.sub(b"", said).decode().replace("\r", "\n")
        assert re.search(r"^\(XEN\) (Basalt|Xen version) ", text, re.M), text
        assert re.search(r"^-- \d+ lines of Dom0's kernel", text, re.M), text
        assert not re.search(r"^\[ *\d+\.\d+\] ", text, re.M), "kernel messages are shown"
        os.write(ours, b"stty size; echo $((6 * 7))\r")
        until(rb"33 77\s+42\s+dom0:~# $")
        os.write(ours, b"\x01x")
        assert boot_run.wait(LIMIT) == 0
    except BaseException:
        os.killpg(boot_run.pid, signal.SIGKILL)     # or its end would be waited for
        raise
assert termios.tcgetattr(theirs) == before, "the terminal is not as it was"
