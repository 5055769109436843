"""tests/bench/contention: Basalt's locks where several CPUs do the same."""

import argparse
import re
import sys
from dataclasses import dataclass

from basalt import places, prepare
from basalt.bench import boots
from basalt.build import build
from basalt.progress import Trouble, say, step

LOOPS = {"fork": "fork_exit", "fault": "page_touch", "event": "pipe_pingpong"}
CPUS = (2, 4)

_TOLD = re.compile(r"(\w[\w ]*): taken (\d+) times, held (\d+) ns, at most (\d+) ns; waited for (\d+) times, (\d+) ns, at most (\d+) ns")


@dataclass(frozen=True)
class Lock:
    """What the debug key `l` tells of a rank of locks; times in nanoseconds, of each."""

    name: str
    taken: int
    held: int
    longest_hold: int
    waits: int
    waited: int
    longest_wait: int


def locks_in(text):
    return [Lock(name, *map(int, counts)) for name, *counts in _TOLD.findall(text)]


def command(row, cpus):
    """One loop for each CPU, all at once, between two presses of the key."""
    return (f"xl debug-keys l; for each in $(seq {cpus}); do /root/userland {row} & done; wait; xl debug-keys l; "
            "xl dmesg | tail -n 40")


def measured(row, cpus):
    with step(f"{row} on {cpus} CPUs"):
        text = boots.output_of([places.checkout / "boot" / "run", "--no-guest", "--cpus", str(cpus), "--timeout", str(boots.PATIENCE),
                                "--file", boots.program("userland"), "--exec", command(row, cpus)])
    locks = locks_in(text)
    if not locks:
        raise Trouble(f"{row} on {cpus} CPUs: the debug key told of no lock")
    return locks


def table(loop, cpus, locks):
    yield f"{loop} on {cpus} CPUs{'taken':>22}{'held, ns':>12}{'at most':>12}{'waited for':>12}{'ns':>12}{'at most':>12}"
    for lock in locks:
        yield (f"  {lock.name:<20}{lock.taken:>15,}{lock.held:>12,}{lock.longest_hold:>12,}"
               f"{lock.waits / lock.taken:>12.2%}{lock.waited:>12,}{lock.longest_wait:>12,}")


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="tests/bench/contention",
        description="Loops of forks, of faults and of wake-ups in Dom0, one on each of 2 and of 4 CPUs: how often each of Basalt's locks "
                    "was taken, how long held, which part of those who took it waited, and how long. By QEMU's own clock, with a thread "
                    "for each CPU: where the machine has fewer, a lock is held as long as its holder does not run.")
    parser.add_argument("--loop", action="append", choices=LOOPS, help="only this one; repeatable")
    parser.add_argument("--cpus", action="append", type=int, metavar="N", help="on so many CPUs (2 and 4); repeatable")
    chosen = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        prepare.packages()
        build("release", "guests", "basalt")
        for loop in chosen.loop or LOOPS:
            for cpus in chosen.cpus or CPUS:
                print(*table(loop, cpus, measured(LOOPS[loop], cpus)), sep="\n", end="\n\n")
    except Trouble as trouble:
        say(str(trouble))
        return 1
    return 0
