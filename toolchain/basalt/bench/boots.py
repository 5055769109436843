"""Starts what measures, on one side, and returns what it said."""

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from basalt import places, prepare
from basalt.bench import rows
from basalt.boot.console import MachineFailed
from basalt.boot.job import Job, with_files
from basalt.boot.machine import Machine
from basalt.boot.run import own_folder, run_job
from basalt.progress import Trouble

SIDES = {"native": "native", "xen": "stock Xen", "basalt": "Basalt"}
CPU = "max,-la57,-smap"     # what stock Xen's Dom0 can bear


PATIENCE = 900             # seconds of silence: a guest says nothing until it is over, and the machine may be busy


class Failed(Trouble):
    """What was started came to no good end; `text` is what it had said until then."""

    def __init__(self, what, status, text):
        words = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("bench ")]
        super().__init__(f"{what} ended with status {status}: {words[-1] if words else 'its console is in build/logs'}")
        self.text = text


def program(name):
    return places.build / "release" / "guests" / name


def output_of(command):
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")
    if ran.returncode != 0:
        raise Failed("/".join(Path(command[0]).parts[-2:]), ran.returncode, ran.stdout)
    return ran.stdout


def _qemu(words):
    return [f"--qemu={word}" for word in words]


def small(guest, options, side, image=None, qemu=()):
    """A small guest as the first domain; `image` is in Basalt's place."""
    return output_of([places.tests / "guest" / "boot_guest.py", guest, "--on", side, "--cpu", CPU, "--count", "--limit", str(PATIENCE),
                      *options, *(["--hypervisor", image] if image else []), *_qemu(qemu)])


def dom0(command, side, image=None, files=(), qemu=(), options=()):
    """A command in Dom0's shell; `files` lie in its /root."""
    return output_of([places.checkout / "boot" / "run", "--icount", "--no-guest", "--cpu", CPU, "--timeout", str(PATIENCE),
                      "--exec", command, *options,
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
            status = run_job(job, machine, places.logs / "bench-native.log", PATIENCE)
        except MachineFailed as failure:
            raise Trouble(f"without a hypervisor: {failure}") from None
    text = b"".join(said).decode("utf-8", "replace")
    if status != 0:
        raise Failed("the command without a hypervisor", status, text)
    return text


MINI = places.build / "release" / "story-files" / "mini"
XL = places.tests / "bench" / "toolstack.sh"


def userland(wanted, then, side, image=None, qemu=(), options=()):
    """The measuring program in Dom0, or without a hypervisor: the rows `wanted`, or all; and a command behind it."""
    command = f"modprobe brd rd_nr=1 rd_size=16384; /root/userland serve & /root/userland {' '.join(wanted)} && {then}"
    files = [program("userland")]
    return native(command, files, qemu) if side == "native" else dom0(command, side, image, [*files, XL, MINI], qemu, options)


def domu(wanted, side, image=None, qemu=(), options=()):
    """The measuring program as a guest's only process, on Dom0's kernel; the rows `wanted`, or all."""
    scripts = places.tests / "bench"
    prepare.dom0()
    with own_folder() as folder:
        own_files = {"init": (scripts / "domu_init").read_bytes(), "userland": program("userland").read_bytes()}
        initramfs = with_files(places.hello_image, own_files, Path(folder) / "domu.cpio")
        files = [scripts / "domu.sh", program("userland"), initramfs]
        return dom0(f"ROWS='{' '.join(wanted)}' sh /root/domu.sh", side, image, files, qemu, options)


def toolstack(side, image=None, qemu=()):
    """What xl needs to make domains and to end them."""
    return dom0(f"sh /root/{XL.name} builds devices attachments by_number", side, image, [XL, program("userland"), MINI], qemu)


def image_size(file):
    """KiB that an image's segments have in memory (System V ABI: Elf32_Phdr, Elf64_Phdr)."""
    image = file.read_bytes()
    is_wide = image[4] == 2
    table, = struct.unpack_from("<Q" if is_wide else "<I", image, 32 if is_wide else 28)
    size, number = struct.unpack_from("<HH", image, 54 if is_wide else 42)
    segments = [struct.unpack_from("<IIQQQQQQ" if is_wide else "<IIIIIIII", image, table + each * size) for each in range(number)]
    return sum(segment[6 if is_wide else 5] for segment in segments if segment[0] == 1) / 1024


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


def rows_in(text, program):
    """{row: instructions for each operation}, in its cheapest window."""
    found = {}
    for window in windows_in(text):
        if row := rows.told_by(program, window.name):
            found[row.name] = min(window.each, found.get(row.name, window.each))
    return found
