"""boot/run: one command from a checkout to a Dom0 prompt, or to the output of one command run there."""

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from basalt import places, prepare
from basalt.boot import debugger, terminal, where
from basalt.boot.console import Console, Ended, MachineFailed, Silent
from basalt.boot.endings import IN_ORDER
from basalt.boot.iso import Module, make_iso
from basalt.boot.job import Job, with_files
from basalt.boot.machine import Disk, Machine
from basalt.dom0.contents import modules_beside
from basalt.progress import Trouble, say, step

# Stock Xen's Dom0 dies under QEMU's SMAP and five-level paging; Basalt's does not.
XEN_CPU = "max,-la57,-smap"
# Stock Xen gives a vcpu its FPU registers when it first uses them, by CR0.TS. QEMU's TCG lets XSAVE and XRSTOR pass that
# bit, so Dom0 and a guest would damage each other's registers.
XEN_OPTIONS = "spec-ctrl=eager-fpu"
# QEMU's TCG tells of a RDTSCP that is intercepted as of a RDTSC, on which stock Xen goes astray: no guest's time is emulated.
PVH_SETTINGS = 'type = "pvh"\ntsc_mode = "native"\n'
MACHINE_FAILED = 125
KEPT_LOGS = 30


def size(text):
    if not re.fullmatch(r"[1-9][0-9]*[MG]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 512M or 2G")
    return text


def count(text):
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


def port(text):
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port of 1 to 65535")
    return int(text)


def dom0_size(text):
    return text if text == "all" else size(text)


def existing(text):
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text}")
    return Path(text)


def kernel(text):
    return text if text == "patched" else existing(text)


def hypervisor(text):
    return text if text == "xen" else str(existing(text))


def bytes_of(size_text):
    return int(size_text[:-1]) << {"M": 20, "G": 30}[size_text[-1]]


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"boot/run: {message}\n")


def options(arguments):
    parser = Parser(
        prog="boot/run", allow_abbrev=False,
        description="Boots Basalt and a Debian Dom0 in QEMU; fetches and builds what is missing. Without --exec it ends "
                    "on Dom0's prompt, and Ctrl-A X leaves; where stdin is no terminal it is read as a --script.",
        epilog="Status with --exec: the command's; 125 when the machine failed; 2 when the options are wrong. "
               "The console is always kept in build/logs. BASALT_BUILD names another build folder.")
    add = parser.add_argument
    add("--exec", metavar="CMD", help="run CMD in Dom0's shell, print its output, power off, exit with its status")
    add("--script", type=existing, metavar="FILE", help="like --exec, with the commands in FILE")
    add("--file", action="append", type=existing, default=[], metavar="FILE", help="put FILE into Dom0's /root; repeatable")
    add("--no-guest", action="store_true", help="do not start the guest `hello`")
    add("--guest", choices=("pv", "pvh"), default="pv", help="the kind of `hello`: paravirtualised (pv), or on a machine of its own (pvh)")
    add("--guest-kernel", type=kernel, metavar="FILE",
        help="the guest's kernel, instead of Dom0's; the word patched is the small one of guest-pv-linux-patches, built first")
    add("--cpus", type=count, default=1, metavar="N", help="CPUs of the machine (1)")
    add("--cpu", metavar="MODEL", help=f"QEMU's CPU model (max; for --hypervisor xen {XEN_CPU})")
    add("--machine", default="q35", metavar="NAME", help="QEMU's machine (q35)")
    add("--uefi", action="store_true", help="firmware is UEFI (OVMF) instead of a BIOS")
    add("--memory", type=size, default="1G", metavar="SIZE", help="memory of the machine (1G)")
    add("--node", action="append", default=[], metavar="SIZE,cpus=0-1", help="one more node of --memory, with these CPUs; repeatable")
    add("--dom0-memory", type=dom0_size, default="512M", metavar="SIZE",
        help="memory of Dom0 (512M); the word all is what the hypervisor gives it unasked")
    add("--disk", action="append", default=[], metavar="[ahci:]FILE", help="a raw disk image, on virtio or on AHCI; repeatable")
    add("--kernel", type=kernel, metavar="FILE", help="Dom0's kernel, as it is (Debian's, already unpacked), or patched as well; "
             "what Dom0 loads of lib/modules beside FILE goes with it")
    add("--hypervisor", type=hypervisor, metavar="FILE", help="boot FILE instead of Basalt; the word xen is Debian's Xen 4.17")
    add("--append", default="", metavar="WORDS", help="more of the hypervisor's command line")
    add("--dom0-append", default="", metavar="WORDS", help="more of Dom0's command line")
    add("--icount", action="store_true", help="count instructions: one nanosecond each, the same in every run")
    add("--gdb", type=port, nargs="?", const=1234, metavar="PORT",
        help="wait for a debugger on PORT (1234) before the first instruction, and say what to type")
    add("--qemu", action="append", default=[], metavar="WORD", help="one more word of QEMU's command line; repeatable")
    add("--verbose", action="store_true", help="at a terminal: show the whole boot, kernel messages and all")
    add("--timeout", type=count, default=600, metavar="SECONDS",
        help="with --exec or --script: give up on a machine that says nothing new for so long (600)")
    chosen = parser.parse_args(arguments)
    if chosen.script:
        if chosen.exec is not None:
            parser.error("--exec and --script exclude each other")
        chosen.exec = chosen.script.read_text()
    if len({file.name for file in chosen.file}) < len(chosen.file):
        parser.error("two of the --file have one name")
    if chosen.dom0_memory != "all" and bytes_of(chosen.dom0_memory) >= bytes_of(chosen.memory):
        parser.error(f"--dom0-memory {chosen.dom0_memory} leaves nothing of --memory {chosen.memory} for the hypervisor")
    return chosen


def boot_image(chosen, folder, files):
    """The ISO of this run: hypervisor, Dom0's kernel, and its initramfs with this run's `files` behind it."""
    hypervisor = prepare.hypervisor(chosen.hypervisor, folder)
    own_options = XEN_OPTIONS if chosen.hypervisor == "xen" else "audit"
    if chosen.guest == "pvh" and chosen.hypervisor != "xen":
        own_options += " hvm=yes"
    memory = "" if chosen.dom0_memory == "all" else f"dom0_mem={chosen.dom0_memory},max:{chosen.dom0_memory} "
    hypervisor_line = f"placeholder console=com1 com1=115200,8n1 noreboot=false {memory}{own_options} {chosen.append}"
    with step("making the boot image"):
        own_files = {f"root/{file.name}": file.read_bytes() for file in chosen.file}
        if chosen.kernel:
            own_files |= modules_beside(chosen.kernel, places.modules, "usr/lib/modules")
        initramfs = with_files(places.dom0_image, own_files | files, folder / "initramfs")
        kernel = Module(chosen.kernel or places.dom0_kernel, f"placeholder console=hvc0 {chosen.dom0_append}")
        return make_iso(folder / "boot.iso", hypervisor, hypervisor_line, [kernel, Module(initramfs)],
                        guests_files(chosen, folder), uefi=chosen.uefi)


def guests_files(chosen, folder):
    """What is on the boot medium for the guest, by its path there: its kernel, if that is not Dom0's, and its initramfs."""
    kernel = chosen.guest_kernel or chosen.kernel
    modules = modules_beside(kernel, places.hello_modules, "lib/modules") if kernel else {}
    initramfs = with_files(places.hello_image, modules, folder / "hello.cpio") if modules else places.hello_image
    return {"/guests/hello.cpio": initramfs} | ({"/guests/kernel": chosen.guest_kernel} if chosen.guest_kernel else {})


def machine(chosen, image):
    return Machine(
        iso=image, uefi=chosen.uefi, kind=chosen.machine, cpu=chosen.cpu or (XEN_CPU if chosen.hypervisor == "xen" else "max"),
        cpus=chosen.cpus, memory=chosen.memory, disks=tuple(Disk.parse(text) for text in chosen.disk), network=True,
        instruction_count=chosen.icount, one_thread=chosen.guest == "pvh", gdb_port=chosen.gdb, nodes=tuple(chosen.node), extra=tuple(chosen.qemu))


def fresh_log():
    places.logs.mkdir(parents=True, exist_ok=True)
    for old in sorted(places.logs.glob("boot-*.log"))[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)
    return places.logs / f"boot-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"


def own_folder():
    """A folder for this run's files, gone with it; what killed runs left behind goes first."""
    places.runs.mkdir(parents=True, exist_ok=True)
    for left in places.runs.iterdir():
        if not Path("/proc", left.name.partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=places.runs)


def guest(chosen):
    """What makes Dom0 start the guest `hello`, of the kind that is asked for, with a kernel of its own if it has one."""
    if chosen.no_guest:
        return {}
    settings = (places.checkout / "dom0/image/files/etc/xen/hello.cfg").read_text()
    if chosen.guest_kernel:
        settings = re.sub(r"(?m)^kernel = .*$", 'kernel = "/media/guests/kernel"', settings)
    if chosen.guest == "pvh":
        settings += PVH_SETTINGS
    return {"job/guest": "hello\n", "etc/xen/hello.cfg": settings}


def of_terminal():
    """What Dom0's shell has to know of the terminal here."""
    columns, rows = terminal.size()
    name = os.environ.get("TERM", "linux")
    known = name if name in ("linux", "vt100", "vt220", "xterm", "xterm-256color", "screen", "dumb") else "vt220"
    return {"job/terminal": f"ROWS={rows} COLUMNS={columns}; export TERM={known}\n"}


def tell_when_ready(console, limit):
    """Hears the machine to its end."""
    ready = False
    for when, line in console.lines(limit):
        if not ready and (found := re.search(r"dom0: (ready, .*)", line)):
            say(f"Dom0 {found[1]}, {when:.1f} s after the machine was switched on")
            ready = True


def run_job(job, emulated, log, limit, *programs):
    with Console(emulated, log, job) as console:
        try:
            tell_when_ready(console, limit)
        except Silent:
            for place in where.of_each_cpu(console.monitor, *programs):
                say(place)
            raise
        end = console.end()
        if not end.in_order:
            raise Ended(end.words)
        if complaint := console.endings.audit_complaint():
            raise Ended(complaint)
    if job.status is None:
        say(f"the command {IN_ORDER[end.how]}")     # and so there is no status of its own
    return job.status or 0


def run_interactively(chosen, emulated, log):
    name = "stock Xen" if chosen.hypervisor == "xen" else chosen.hypervisor or "Basalt"
    what_runs = f"{name} runs on {chosen.cpus} CPU{'s' * (chosen.cpus > 1)} and {chosen.memory}, and Debian's Dom0 on it; here is its shell"
    to_try = "xl list, xl dmesg, xl help" + ("" if chosen.no_guest else "; xl console hello, then Ctrl-]") + "; poweroff"
    say("Ctrl-A X leaves, Ctrl-A C is QEMU's monitor")
    with terminal.kept(), Console(emulated, log, keys=True) as console:
        end = terminal.run(console, what_runs, to_try, chosen.verbose)
    if not end.in_order and end.how != "left":
        raise Ended(end.words)
    return 0


def commands_on_stdin():
    """None at a terminal; elsewhere what is there to be read is a script for Dom0, as with --script."""
    if sys.stdin is None or sys.stdin.isatty():
        return None
    say("stdin is no terminal: what is read there, to its end, are commands for Dom0")
    return sys.stdin.read()


def run(chosen):
    if chosen.exec is None:
        chosen.exec = commands_on_stdin()
    prepare.packages()
    if chosen.uefi:
        prepare.uefi()
    machine(chosen, None)  # refuses bad disks before anything is built
    prepare.dom0()
    if "patched" in (chosen.kernel, chosen.guest_kernel):
        patched = prepare.patched_kernel()
        chosen.kernel, chosen.guest_kernel = (patched if each == "patched" else each for each in (chosen.kernel, chosen.guest_kernel))
    job = Job(chosen.exec, terminal.write) if chosen.exec is not None else None
    log = fresh_log()
    say(f"console log: {os.path.relpath(log)}")
    with own_folder() as folder:
        image = boot_image(chosen, Path(folder), guest(chosen) | (job.files() if job else of_terminal()))
        is_xen = chosen.hypervisor == "xen"
        hypervisor = places.xen if is_xen else chosen.hypervisor or places.basalt
        if chosen.gdb:
            say(debugger.to_type(chosen.gdb, hypervisor, basalt=not is_xen))
        emulated = machine(chosen, image)
        if job is None:
            return run_interactively(chosen, emulated, log)
        return run_job(job, emulated, log, float("inf") if chosen.gdb else chosen.timeout, hypervisor)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return run(options(sys.argv[1:]))
    except Trouble as trouble:
        print(f"boot/run: {trouble}", file=sys.stderr)
        return 1
    except MachineFailed as failure:
        print(f"boot/run: {type(failure).__name__.lower()}: {failure}", file=sys.stderr)
        return MACHINE_FAILED
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
