#!/usr/bin/env python3
"""Boots one test guest and prints what its console says, until it is done: as the first domain, or beside Debian's Dom0.

    tests/guest/boot_guest.py traps.cpp                        on Basalt
    tests/guest/boot_guest.py traps.cpp --on xen               on stock Xen
    tests/guest/boot_guest.py ~/port/my_case.cpp               a guest of your own, built with the kit
    ... --as-domu                                              as a domain that xl starts
    ... --machine haswell                                      on a machine of Bochs': Intel's VMX; ryzen: AMD's SVM
    ... --cpus 2 --options 'dom0_max_vcpus=2'                  QEMU's CPUs; more options for the hypervisor

The exit status is 0 when no case failed, and the machine ended because the guest asked for it.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "toolchain"))
from basalt import places
from basalt.boot import bochs, debugger, where
from basalt.boot.console import Console, MachineFailed, Silent
from basalt.boot.iso import Module, make_iso
from basalt.boot.machine import Machine
from basalt.build import build, configure
from basalt.progress import Trouble, say
from basalt.tests.cases import Cases

HYPERVISORS = {"basalt": places.basalt, "xen": places.xen}
# Stock Xen needs both taken away only to boot Linux, but the verdicts are compared on the same CPU.
WITHOUT_SMAP = ",-smap"
CPU = f"max,-la57{WITHOUT_SMAP}"
GDB_PORT = 1234
BASE_OPTIONS = "placeholder console=com1 com1=115200,8n1 dom0_mem=64M"

# Debian's xl starts the guest; xenconsoled keeps what it says.
DOMU = """cat >guest.cfg <<end
name = "guest"
kernel = "/root/{file}"
memory = 64
vcpus = {vcpus}
extra = "on={on} {words}"
on_reboot = "destroy"
on_crash = "destroy"
end
log=/var/log/xen/guest-guest.log
xl create -q guest.cfg || exit 1
shown=0
show() {{       # what has come since, if anything has
    size=$(stat -c %s $log) && [ $size -gt $shown ] || return
    tail -c +$((shown + 1)) $log | head -c $((size - shown)) | tr -d '\\r' && shown=$size && SECONDS=0
}}
while ! grep -q '^guest: .* skipped' $log && xl domid guest >/dev/null 2>&1; do
    show
    if [ $SECONDS -gt {limit} ]; then
        for vcpu in $(seq 0 $(({vcpus} - 1))); do xenctx $(xl domid guest) $vcpu | sed -n "s/^rip: /vcpu $vcpu is at /p"; done
        echo "nothing new was said in {limit} s"; exit 1
    fi
    usleep 100000
done
show
"""
FOREVER = 10**9     # seconds that a debugger may take
FOR_DOM0 = 60       # more than the guest has: Dom0 tells where that is, if it can


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("guest", help="the guest's source file, or its name in tests/guest")
    parser.add_argument("--on", choices=HYPERVISORS, default="basalt")
    parser.add_argument("--as-domu", action="store_true", help="beside a Debian Dom0, started by xl")
    parser.add_argument("--hypervisor", type=Path, help="this file instead")
    parser.add_argument("--machine", choices=["qemu", *bochs.MODELS], default="qemu", help="of QEMU's, or of Bochs' with that processor (qemu)")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--topology", default="", help="what QEMU's CPUs are: sockets=1,cores=2,threads=2")
    parser.add_argument("--cpu", default=CPU, help=f"QEMU's CPU model ({CPU})")
    parser.add_argument("--smap", action=argparse.BooleanOptionalAction, default=False,
                        help="on a CPU with SMAP, and Basalt uses it, as the ring does: QEMU's TCG gets far returns in ring 3 wrong then")
    parser.add_argument("--memory", default="256M")
    parser.add_argument("--node", action="append", default=[], metavar="SIZE,cpus=0-1",
                        help="one more node of --memory, with these of QEMU's CPUs")
    parser.add_argument("--options", default="", help="for the hypervisor's command line")
    parser.add_argument("--words", default="", help="for the guest's command line")
    parser.add_argument("--qemu", action="append", default=[], metavar="WORD", help="one more word of QEMU's command line; repeatable")
    parser.add_argument("--device", action="append", default=[], help="one more device of QEMU's")
    parser.add_argument("--answer", action="append", nargs=2, default=[], metavar=("PROMPT", "TEXT"),
                        help="typed on the console when the guest has said PROMPT")
    parser.add_argument("--monitor", action="append", nargs=2, default=[], metavar=("PROMPT", "COMMAND"),
                        help="given to QEMU's monitor when the guest has said PROMPT: nmi, say")
    parser.add_argument("--monitor-first", action="append", default=[], metavar="COMMAND",
                        help="given to QEMU's monitor before the machine starts")
    parser.add_argument("--count", action="store_true", help="count instructions (-icount)")
    parser.add_argument("--gdb", action="store_true",
                        help=f"wait for a debugger on port {GDB_PORT} before the first instruction")
    parser.add_argument("--limit", type=int, default=300, metavar="SECONDS",
                        help="of silence: catches hangs on a loaded machine, nothing waits for it (300)")
    wanted = parser.parse_args()
    wanted.limit = FOREVER if wanted.gdb else wanted.limit
    if wanted.machine != "qemu":
        if wanted.as_domu or wanted.count or wanted.gdb or wanted.node or wanted.qemu or wanted.device or wanted.monitor or wanted.answer:
            parser.error("QEMU's devices, its monitor and typing are not for a machine of Bochs'")
        wanted.smap = False     # where the processor has it, Basalt uses it
    if wanted.smap:
        wanted.cpu = wanted.cpu.replace(WITHOUT_SMAP, "")
        wanted.options += " smap=yes"
    return wanted


def built(source):
    """The guest's file. One of the tree has been built by whoever runs the ring; any other is built here."""
    path = Path(source).resolve()
    if path.is_file() and path.parent != here:
        configure("release", BASALT_MORE_GUESTS=path)
        build("release", f"guest-{path.stem}")
    return places.build / "release" / "guests" / Path(source).stem


def machine_for(wanted, iso):
    if wanted.machine != "qemu":
        return bochs.BochsMachine(iso, wanted.machine, wanted.cpus, int(wanted.memory.removesuffix("M")))
    cpus = f"{wanted.cpus},{wanted.topology}" if wanted.topology else wanted.cpus
    return Machine(iso=iso, cpu=wanted.cpu, cpus=cpus, memory=wanted.memory,
                   instruction_count=wanted.count, one_thread="hvm=yes" in wanted.options,
                   gdb_port=GDB_PORT if wanted.gdb else None, nodes=tuple(wanted.node),
                   extra=(*(word for device in wanted.device for word in ("-device", device)),
                          *(["-S"] if wanted.monitor_first else []), *wanted.qemu))


def boot(wanted, guest, cases):
    places.see_that_build_is_writable()
    hypervisor = wanted.hypervisor or HYPERVISORS[wanted.on]
    if missing := [str(file) for file in (hypervisor, guest) if not file.is_file()]:
        raise Trouble(f"{' and '.join(missing)} is not there: tests/run --ring guest --filter {guest.name} builds what it boots")
    log = places.logs / "guest" / wanted.on / f"{guest.name}.log"
    log.unlink(missing_ok=True)     # whatever fails below, no older run's verdict is left to be counted
    on_machine = "" if wanted.machine == "qemu" else f"machine={wanted.machine}"
    iso = make_iso(places.image / "guests" / wanted.on / f"{guest.name}.iso", hypervisor,
                   f"{BASE_OPTIONS} {wanted.options}".rstrip(),
                   [Module(guest, f"placeholder on={wanted.on} {on_machine} {wanted.words}".rstrip())])
    machine = machine_for(wanted, iso)
    if wanted.gdb:
        say(debugger.to_type(GDB_PORT, hypervisor, f"add-symbol-file {guest}", basalt=wanted.on == "basalt"))
    with Console(machine, log) as console:
        for command in wanted.monitor_first:
            console.monitor.command(command)
        if wanted.monitor_first and not wanted.gdb:
            console.monitor.command("cont")
        try:
            listen(console, wanted, cases)
        except Silent:
            for place in where.of_each_cpu(console.monitor, guest, hypervisor):
                print(f"boot_guest: {place}")
            raise
        end = console.end()
    print(f"boot_guest: the end: {end.how}", flush=True)
    return None if end.in_order else end.words


def listen(console, wanted, cases):
    smap_told = not wanted.smap or wanted.on != "basalt"    # guests pass without it too
    for _, line in console.lines(wanted.limit):
        if cases.hear(line):
            print(line, flush=True)
        elif not smap_told:
            raise Trouble("a case begins, and Basalt has not said that SMAP is on")
        smap_told = smap_told or line.endswith(" smap=yes: SMAP is on")
        for prompt, text in wanted.answer:
            if line.endswith(prompt):
                console.send(text)
        for prompt, command in wanted.monitor:
            if line.endswith(prompt):
                console.monitor.command(command)


def boot_as_domu(wanted, guest, cases):
    hypervisor = wanted.hypervisor or ("xen" if wanted.on == "xen" else None)
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
        script.write(DOMU.format(file=guest.name, vcpus=wanted.cpus, on=wanted.on, words=wanted.words, limit=wanted.limit))
        script.flush()
        command = [places.checkout / "boot" / "run", "--no-guest", "--cpus", str(wanted.cpus), "--file", guest,
                   "--script", script.name, "--append", wanted.options, "--timeout", str(wanted.limit + FOR_DOM0)]
        command += (["--hypervisor", hypervisor] if hypervisor else []) + (["--gdb"] if wanted.gdb else [])
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace") as ran:
            for line in ran.stdout:
                if cases.hear(line.rstrip("\n")):
                    print(where.named(line, guest), end="", flush=True)
    return None if ran.returncode == 0 else f"boot/run ended with status {ran.returncode}"


def main():
    wanted = arguments()
    cases = Cases()
    try:
        guest = built(wanted.guest)
        complaint = (boot_as_domu if wanted.as_domu else boot)(wanted, guest, cases) or cases.complaint()
    except (MachineFailed, Trouble) as trouble:
        complaint = trouble
    if complaint:
        during = f" (in the case {cases.running})" if cases.running else ""
        print(f"boot_guest: {complaint}{during}", flush=True)
    return 1 if complaint else 0


sys.exit(main())
