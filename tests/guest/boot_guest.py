#!/usr/bin/env python3
"""Boots one test guest as the first domain of a hypervisor and prints what its console says, until it is done.

    tests/guest/boot_guest.py traps.cpp                        on Basalt
    tests/guest/boot_guest.py traps.cpp --on xen               on stock Xen
    ... --cpus 2 --options 'dom0_max_vcpus=2'                  QEMU's CPUs; more options for the hypervisor

The exit status is 0 once the guest has said its closing line and the machine has ended by itself.
"""

import argparse
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "boot" / "lib"))
import places
from console import Console, MachineFailed
from iso import Module, make_iso
from machine import Machine
from progress import Trouble

CLOSING = re.compile(r"guest: \d+ passed, \d+ failed, \d+ skipped")
HYPERVISORS = {"basalt": places.basalt, "xen": places.xen}
# Stock Xen needs both taken away only to boot Linux, but the verdicts are compared on the same CPU.
CPU = "max,-la57,-smap"
BASE_OPTIONS = "placeholder console=com1 com1=115200,8n1 dom0_mem=64M"
LIMIT = 120     # seconds; catches hangs on a loaded machine, nothing waits for it


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("guest", help="the guest's source file, or its name")
    parser.add_argument("--on", choices=HYPERVISORS, default="basalt")
    parser.add_argument("--hypervisor", type=Path, help="this file instead")
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--cpu", default=CPU)
    parser.add_argument("--memory", default="256M")
    parser.add_argument("--options", default="", help="for the hypervisor's command line")
    parser.add_argument("--words", default="", help="for the guest's command line")
    parser.add_argument("--count", action="store_true", help="count instructions (-icount)")
    return parser.parse_args()


def boot(wanted):
    name = Path(wanted.guest).stem
    hypervisor = wanted.hypervisor or HYPERVISORS[wanted.on]
    log = places.logs / "guest" / wanted.on / f"{name}.log"
    log.unlink(missing_ok=True)     # whatever fails below, no older run's verdict is left to be counted
    guest = Module(places.build / "release" / "guests" / name, f"placeholder on={wanted.on} {wanted.words}".rstrip())
    iso = make_iso(places.image / "guests" / wanted.on / f"{name}.iso", hypervisor,
                   f"{BASE_OPTIONS} {wanted.options}".rstrip(), [guest])
    machine = Machine(iso=iso, cpu=wanted.cpu, cpus=wanted.cpus, memory=wanted.memory,
                      instruction_count=wanted.count)
    closed = False
    with Console(machine.command(), log) as console:
        for _, line in console.lines(LIMIT):
            print(line, flush=True)
            closed = closed or CLOSING.search(line) is not None
    return closed


def main():
    try:
        return 0 if boot(arguments()) else 1
    except (MachineFailed, Trouble) as trouble:
        print(f"boot_guest: {trouble}", flush=True)
        return 1


sys.exit(main())
