#!/usr/bin/env python3
"""Boots the guest entry_paths and lets an NMI or a machine check come at one instruction of the entry paths after the other.

    tests/guest/each_instruction.py                     a sample of the places, always the same: what CI runs
    tests/guest/each_instruction.py --all               every one, with what is never reached (some minutes)
    tests/guest/each_instruction.py --only let_nmis_in  the places whose names contain this

QEMU's gdb stub stops the machine before an instruction; its monitor then makes the NMI or the machine check, which comes
before anything else. It has to find the registers as they were, go back there with every one of them the same, and leave
no work undone in the round that it came in. What takes the interruption is itself interrupted: machine checks come in
NMIs, NMIs in machine checks; an NMI in an NMI waits for the first to end.
"""

import argparse
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[1] / "toolchain"))
from basalt import places
from basalt.boot.console import Console
from basalt.boot.iso import Module, make_iso
from basalt.boot.machine import Machine
from basalt.tests.cases import Cases
from basalt.tests.gdb_stub import Stub, StubFailed

CPU = "max,-la57,-smap"
OPTIONS = "placeholder console=com1 com1=115200,8n1 dom0_mem=64M nmi=ignore"
SAMPLE = 100                      # of all places, and
ALWAYS = ("guest_iret+0", "sleeping+0")
FOREVER = 1 << 62
RESUME_FLAG = 1 << 16             # RFLAGS.RF, which a return may set
INTERRUPTS_ON = 1 << 9
LOOK_AT_WORK = 0xFB               # the interrupt of machine/registers.hpp
# Start-up, panic; what ends a guest (lost_stack.cpp); what another kind of guest enters by (hardware_guests.cpp), where NMIs wait; of
# stubs there are a few.
NEVER = ("enter_guests", "enter_hardware_guest", "double_fault_entry", "system_call_has_no_stack", "page_fault_has_no_stack", "exception_stubs", "interrupt_stubs")
PATIENCE = 3                      # rounds that come to nothing new: there is nothing more

# core/layout.hpp: where the first CPU's block and its alias of the entry text are.
CPU_BLOCK = 0xFFFF_8180_0000_0000
ENTRY_ALIAS = CPU_BLOCK + (1 << 30)

MAKE = {"nmi": "nmi", "machine check": "mce 0 3 0xbd00000000000000 5 0 0"}   # uncorrected, nothing corrupt, may go on


PAGE = 4096
USER_BASE = 0x400000              # the kit's user.hpp
PADDING = ("int3", "nop", "nopl", "nopw", "data16", "cs")


class Wrong(Exception):
    pass


def windows(listing):
    """From each STI, where Basalt lets interrupts in, to the end of it."""
    is_open = False
    for address, name in listing:
        is_open = is_open or name == "sti"
        if is_open:
            yield address
        is_open = is_open and name not in ("cli", "ret", "retq", "jmp")


def symbols(file):
    listed = subprocess.run([places.llvm / "bin" / "llvm-nm", file], capture_output=True, text=True, check=True).stdout
    return {name: int(address, 16) for address, _, name in (line.split() for line in listed.splitlines() if line[0] != " ")}


def instructions(file, start=None, end=None):
    """(address, mnemonic) of each one."""
    bounds = [f"--start-address={start:#x}", f"--stop-address={end:#x}"] if start else []
    listed = subprocess.run([places.llvm / "bin" / "llvm-objdump", "-d", "--no-show-raw-insn", *bounds, file],
                            capture_output=True, text=True, check=True).stdout
    return [(int(address, 16), name) for address, name in re.findall(r"^ *([0-9a-f]+): +\t?(\S+)", listed, re.M)]


class Text:
    """Basalt's entry paths: where their instructions are, and what they are called."""

    def __init__(self, file, guest, offsets):
        self.of, self.guest = symbols(file), symbols(guest)
        first, self._end = self.of["entry_text_start"], self.of["entry_text_end"]
        self._distance = ENTRY_ALIAS - first
        self.image_places = {address for address, name in instructions(file, first, self._end) if name not in PADDING}
        self.windows = set(windows(instructions(file)))
        in_user = USER_BASE - self.guest["user_pages"] + self.guest["user_syscall"]
        self.places = self.image_places | {self.in_alias(address) for address in self.image_places} | self.windows
        self.places |= {in_user, self.guest["round_goes_on"]}
        everything = [(address, name) for name, address in self.of.items()]
        self._labels = sorted(everything + [(address, f"guest's {name}") for name, address in self.guest.items()])
        self.work_offset = int(re.search(r"^#define CPU_WORK (\d+)$", offsets.read_text(), re.M)[1])

    def in_alias(self, address):
        return address + self._distance

    def in_image(self, address):
        """Where the entry text is, which a CPU runs in its alias as well."""
        inside = address - self._distance
        return inside if self.of["entry_text_start"] <= inside < self._end else address

    def name(self, address):
        inside = self.in_image(address)
        label = max((each for each in self._labels if each[0] <= inside), default=(0, "user mode at "))
        return f"{label[1]}+{inside - label[0]}" + (" (alias)" if inside != address else "")


@dataclass(frozen=True)
class Before:
    """What comes first in a round, and where: the way to a place may lead through it."""

    events: tuple[tuple[str, int], ...] = ()
    then: int = 0       # where an NMI comes that has to wait for the end of these
    name: str = ""

    def includes(self, event):
        return any(event == earlier for earlier, _ in self.events)


@dataclass(frozen=True)
class Trial:
    before: Before
    place: int
    event: str


class Paths:
    """The machine and its paths, round after round."""

    def __init__(self, stub, text):
        self.stub, self.text = stub, text
        self.begin, self.goes_on, self.end = (text.guest[name] for name in ("round_begins", "round_goes_on", "round_ends"))
        self.entry = {"nmi": text.of["nmi_entry"], "machine check": text.of["machine_check_entry"]}
        call, back = text.in_alias(text.of["system_call_entry"]), text.of["return_to_guest"]
        self.befores = [
            Before(),
            Before((("nmi", self.begin),), back, ", in an NMI of a guest"),
            Before((("nmi", call),), call, ", in an NMI of Basalt"),
            Before((("machine check", self.begin),), name=", in a machine check of a guest"),
            Before((("machine check", call),), name=", in a machine check of Basalt"),
            Before((("nmi", call), ("machine check", self.entry["nmi"])), call, ", in a machine check in an NMI"),
        ]

    def trials(self):
        for before in self.befores:
            for place in sorted(self.reached(before)):
                for event in MAKE:
                    # Until a machine check has ended another is fatal: to a real machine as to this one.
                    if event == "nmi" or not before.includes("machine check"):
                        yield Trial(before, place, event)

    def reached(self, before):
        """The places that rounds come to, after what comes first."""
        left, found, since = self.text.places | {self.goes_on}, set(), 0
        while since < PATIENCE:
            since += 1
            self._start(before)
            for place in left | {self.end}:
                self.stub.watch(place)
            while (place := self.stub.go_on()) != self.end:
                self.stub.forget(place)
                left.remove(place)
                found.add(place)
                since = 0
            for place in left | {self.end}:
                self.stub.forget(place)
        return found

    def run(self, trial):
        place, event = trial.place, trial.event
        for _ in range(PATIENCE):
            self._start(trial.before)
            if self._to(place, self.end) == place:
                break
        else:
            raise Wrong("it is not come to any more")
        was = self.stub.registers()
        may_wait = event == "nmi" and trial.before.includes("nmi")
        self.stub.monitor(MAKE[event])
        if may_wait and place == self.entry["nmi"]:
            self.stub.step()
        self._must_reach(self.entry[event], "it does not come")
        came_to = self._frame()
        waits = may_wait and came_to["rip"] == trial.before.then
        if not waits and any(was[name] != value for name, value in came_to.items()):
            raise Wrong("it comes to " + self._differences(was, came_to))
        back_at = came_to["rip"] if came_to["rip"] != self.text.of["sleeping"] else self.text.of["awake"]
        stack = self.stub.registers()["rsp"] // PAGE
        self._must_reach(back_at, "it does not return")
        # Its own way back leads through the place. The guest's RSP may be a number on that stack, too.
        while (registers := self.stub.registers())["rsp"] // PAGE == stack and registers["rsp"] != came_to["rsp"]:
            self.stub.step()
            self._must_reach(back_at, "it does not return")
        if not waits and self._differences(was | {"rip": back_at}, registers):
            raise Wrong("it returns to " + self._differences(was | {"rip": back_at}, registers))
        if came_to["cs"] & 3 == 0 and not came_to["rflags"] & INTERRUPTS_ON and not self._will_look_again():
            raise Wrong("nothing makes the CPU look at its work again")
        if back_at != self.end:
            self._must_reach(self.end, "the round does not end")
        if work := self.stub.words(CPU_BLOCK + self.text.work_offset)[0] & 0xFFFF_FFFF:
            raise Wrong(f"work {work:#x} is left undone")

    def _will_look_again(self):
        """The interrupt that asks for it is pending. Whoever was on the way out may have looked already."""
        return re.search(rf"^IRR.*\b{LOOK_AT_WORK}\b", self.stub.monitor("info lapic"), re.M)

    def finish(self):
        """The guest's last round is the one that comes now."""
        self._to(self.begin)
        self.stub.write_word(self.text.guest["rounds_left"], 1)
        self.stub.leave()

    def let_begin(self):
        self._to(self.begin)
        self.stub.write_word(self.text.guest["rounds_left"], FOREVER)
        self._to(self.end)

    def _start(self, before):
        self._to(self.begin)
        for event, at in before.events:
            if at != self.begin:
                self._to(at)
            self.stub.monitor(MAKE[event])

    def _to(self, *places):
        for place in places:
            self.stub.watch(place)
        reached = self.stub.go_on()
        for place in places:
            self.stub.forget(place)
        return reached

    def _must_reach(self, place, otherwise):
        if self._to(place, self.end) != place:
            raise Wrong(otherwise)

    def _frame(self):
        stack = self.stub.registers()["rsp"]
        return dict(zip(("rip", "cs", "rflags", "rsp", "ss"), self.stub.words(stack, 5)))

    @staticmethod
    def _differences(was, now):
        blind = {"rflags": ~RESUME_FLAG}
        return ", ".join(f"{name} {now[name]:#x} for {was[name]:#x}" for name in now
                         if (was[name] ^ now[name]) & blind.get(name, ~0))


def chosen(trials, wanted, text):
    if wanted.only:
        return [trial for trial in trials if wanted.only in text.name(trial.place)]
    if wanted.all:
        return trials
    every = max(1, len(trials) // SAMPLE)
    return [trial for number, trial in enumerate(trials)
            if number % every == 0 or (not trial.before.events and text.name(trial.place) in ALWAYS)]


def try_all(stub, text, wanted):
    """How many were tried, and how many were wrong."""
    paths = Paths(stub, text)
    paths.let_begin()
    trials = list(paths.trials())
    missed = sorted(text.name(place) for place in text.image_places - {text.in_image(trial.place) for trial in trials})
    missed = [name for name in missed if not name.startswith(NEVER)]
    print(*(f"wrong: never reached: {name}" for name in missed), sep="\n", end="", flush=True)
    trials, wrong = chosen(trials, wanted, text), len(missed)
    for trial in trials:
        if wanted.verbose:
            print(f"{trial.event} at {text.name(trial.place)}{trial.before.name}", flush=True)
        try:
            paths.run(trial)
        except (Wrong, StubFailed) as why:
            print(f"wrong: {trial.event} at {text.name(trial.place)}{trial.before.name}: {why}", flush=True)
            wrong += 1
            if isinstance(why, StubFailed):
                return len(trials), wrong      # the machine is gone
    paths.finish()
    return len(trials), wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every place, not a sample")
    parser.add_argument("--only", metavar="NAME", help="places whose names contain this")
    parser.add_argument("--verbose", action="store_true", help="each trial before it is made")
    parser.add_argument("--hypervisor", type=Path, default=places.basalt, help="this Basalt instead")
    parser.add_argument("--limit", type=int, default=120, metavar="SECONDS", help="catches hangs: for one step (120)")
    return parser.parse_args()


def main():
    wanted = arguments()
    guest = places.build / "release" / "guests" / "entry_paths"
    text = Text(wanted.hypervisor, guest, places.build / "release" / "generated" / "offsets.h")
    iso = make_iso(places.image / "guests" / "basalt" / "entry_paths.iso", wanted.hypervisor, OPTIONS,
                   [Module(guest, "placeholder on=basalt")])
    log = places.logs / "guest" / "basalt" / "entry_paths.log"
    cases = Cases()
    with Stub(wanted.limit) as stub:
        machine = Machine(iso=iso, cpu=CPU, memory="256M", instruction_count=True, extra=stub.arguments)
        with Console(machine, log) as console:
            reader = threading.Thread(target=print_lines, args=[console, cases], daemon=True)
            reader.start()
            stub.accept()
            tried, wrong = try_all(stub, text, wanted)
            reader.join(wanted.limit)
    print(f"each_instruction: {tried} places, {wrong} wrong", flush=True)
    if complaint := cases.complaint():
        print(f"each_instruction: {complaint}", flush=True)
    return 1 if wrong or complaint or not tried else 0


def print_lines(console, cases):
    for _, line in console.lines(threading.TIMEOUT_MAX):
        if cases.hear(line):
            print(line, flush=True)


sys.exit(main())
