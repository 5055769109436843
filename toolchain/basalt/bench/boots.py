"""Starts what measures, on one side, and returns what it said."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from basalt import places, prepare
from basalt.boot.console import MachineFailed
from basalt.boot.job import Job, with_files
from basalt.boot.machine import Machine
from basalt.boot.run import own_folder, run_job
from basalt.progress import Trouble

SIDES = {"native": "native", "xen": "stock Xen", "basalt": "Basalt"}
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


def native(command, files=(), qemu=()):
    """The same in the shell of the same kernel and image, without a hypervisor, in a machine as large as Dom0."""
    prepare.dom0()
    said = []
    job = Job(command, said.append)
    with own_folder() as folder:
        own_files = {f"root/{file.name}": file.read_bytes() for file in files}
        initramfs = with_files(places.dom0_image, own_files | job.files(), Path(folder) / "initramfs")
        machine = Machine(kernel=places.dom0_kernel, kernel_arguments="console=ttyS0", cpu=CPU, memory="512M", network=True,
                          instruction_count=True, extra=("-initrd", str(initramfs), *qemu))
        try:
            status = run_job(job, machine, places.logs / "bench-native.log", 600)
        except MachineFailed as failure:
            raise Trouble(f"without a hypervisor: {failure}") from None
    text = b"".join(said).decode("utf-8", "replace")
    if status != 0:
        raise Trouble(f"without a hypervisor the command ended with status {status}:\n{text[-2000:]}")
    return text


def userland(command, side, image=None, files=(), qemu=()):
    """A command beside the measuring programs, wherever `side` has them."""
    return native(command, files, qemu) if side == "native" else dom0(command, side, image, files, qemu)


@dataclass(frozen=True)
class Window:
    """What one window of a row was: it is told by a line `bench NAME TICKS TIMES`."""

    name: str
    ticks: int
    times: int

    @property
    def each(self):
        return self.ticks / self.times


def windows_in(text):
    found = re.findall(r"^bench (\w+) (\d+) (\d+)\s*$", text, re.M)
    return [Window(name, int(ticks), int(times)) for name, ticks, times in found]


def rows_in(text):
    """{row: instructions for each operation}, in its cheapest window."""
    found = {}
    for window in windows_in(text):
        found[window.name] = min(window.each, found.get(window.name, window.each))
    return found
