"""Starts what measures, on one side, and returns what it said."""

import re
import subprocess
from pathlib import Path

from basalt import places
from basalt.progress import Trouble

CPU = "max,-la57,-smap"     # what stock Xen's Dom0 can bear


def program(name):
    return places.build / "release" / "guests" / name


def output_of(command):
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if ran.returncode != 0:
        raise Trouble(f"{Path(command[0]).name} failed (status {ran.returncode}):\n{ran.stdout[-2000:]}")
    return ran.stdout


def _qemu(words):
    return [f"--qemu={word}" for word in words]


def small(guest, options, side, image=None, qemu=()):
    """A small guest as the first domain; `image` is in Basalt's place."""
    return output_of([places.tests / "guest" / "boot_guest.py", guest, "--on", side, "--cpu", CPU, "--count", *options,
                      *(["--hypervisor", image] if image else []), *_qemu(qemu)])


def dom0(command, side, image=None, files=(), qemu=()):
    """A command in Dom0's shell; `files` lie in its /root."""
    return output_of([places.checkout / "boot" / "run", "--icount", "--no-guest", "--cpu", CPU, "--exec", command,
                      *(word for file in files for word in ("--file", file)),
                      *(["--hypervisor", image or "xen"] if image or side == "xen" else []), *_qemu(qemu)])


def rows_in(text):
    """{row: (ticks, operations)} from the lines `bench NAME TICKS TIMES`."""
    found = re.findall(r"^bench (\w+) (\d+) (\d+)\s*$", text, re.M)
    return {name: (int(ticks), int(times)) for name, ticks, times in found}
