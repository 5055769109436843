"""Commands for gdb at a machine that runs Basalt: see DEBUGGING.md beside this file.

    domains        each domain: its frames, its vcpus, what holds it
    vcpus          each vcpu: where it runs or ran, what it waits for, where its guest is
    cpus           each CPU that is online: who runs there, what it has to see to
    mfn NUMBER     the record of a machine frame: owner, use, users, references
    log            the last lines of the log, also those that no console showed

They only read, with the types of the image that is loaded; nothing here repeats a layout that the image's debugging
information has. Before Basalt has its own page tables there is nothing to read.
"""

import os


import gdb

FREE, HYPERVISOR, IO = 0x7FF4, 0x7FF2, 0x7FF1      # DOMID_INVALID, DOMID_XEN, DOMID_IO
OWNERS = {FREE: "nobody (free)", HYPERVISOR: "Basalt", IO: "no RAM"}


def of_basalt(name):
    return gdb.parse_and_eval(f"'basalt::{name}'")


def constant(name):
    """A constant of a namespace, which the compiler may have left no place in memory for."""
    return int(of_basalt(name))


def plain(value):
    """What is inside of a Number, an atomic, a Guarded or a part: its first field, again and again, down to a word."""
    kind = value.type.strip_typedefs()
    while kind.code == gdb.TYPE_CODE_STRUCT:
        value = value[kind.fields()[0]]
        kind = value.type.strip_typedefs()
    return value


def word(value):
    return int(plain(value)) & 0xFFFF_FFFF_FFFF_FFFF


def flags(value, enumeration):
    """The names of the bits that are set, as the enumeration has them."""
    fields = gdb.lookup_type(f"basalt::{enumeration}").fields()
    return [field.name.rpartition("::")[2] for field in fields if word(value) & field.enumval]


def name_of(value, enumeration):
    for field in gdb.lookup_type(f"basalt::{enumeration}").fields():
        if field.enumval == value:
            return field.name.rpartition("::")[2]
    return str(value)


def all_domains():
    at = plain(of_basalt("(anonymous namespace)::first_domain"))
    while at != 0:
        yield at.dereference()
        at = plain(at["links"]["next"])


def all_vcpus(domain):
    array = domain["vcpus_"]["__elems_"]
    return [array[number].dereference() for number in range(word(domain["vcpu_count_"]))]


def vcpu_name(pointer):
    if pointer == 0:
        return "idle"
    vcpu = pointer.dereference()
    return f"d{word(vcpu['domain'].referenced_value()['id'])}v{word(vcpu['id'])}"


def all_cpus():
    """(number, Cpu) of those that are online."""
    kind = gdb.lookup_type("basalt::Cpu").pointer()
    area, size = constant("layout::cpu_area"), constant("layout::cpu_block_size")
    online = word(of_basalt("(anonymous namespace)::online"))
    for number in range(64):
        if online >> number & 1:
            yield number, gdb.Value(area + number * size).cast(kind).dereference()


def symbol_at(address):
    named = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return "" if named.startswith("No symbol") else " " + named.split(" in section")[0].strip()


class Command(gdb.Command):
    """Each is a function below; its first line of documentation is what `help` says."""

    def __init__(self, act):
        self.__doc__ = act.__doc__
        self._act = act
        super().__init__(act.__name__, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        arguments = [argument] if argument else []
        if len(arguments) != self._act.__code__.co_argcount:
            raise gdb.GdbError(self.__doc__)
        try:
            self._act(*arguments)
        except gdb.MemoryError as why:
            raise gdb.GdbError(f"{self._act.__name__}: {why}. Has Basalt its page tables yet?")


@Command
def domains():
    """domains: each domain, its frames, its vcpus, and what holds it."""
    for domain in all_domains():
        memory = domain["memory"]
        state = flags(domain["share"]["holds_"], "GroupHold") or ["may run"]
        print(f"domain {word(domain['id'])}{', privileged' if domain['privileged'] else ''}: "
              f"{word(memory['total'])} of at most {word(memory['most'])} frames, {len(all_vcpus(domain))} vcpus, {', '.join(state)}")


@Command
def vcpus():
    """vcpus: each vcpu, where it runs or ran, what it waits for, and where its guest is."""
    for domain in all_domains():
        for vcpu in all_vcpus(domain):
            unit, registers = vcpu["unit"], vcpu["registers"]
            state = flags(unit["holds_"], "Hold") or ["runnable"]
            where = "on" if word(unit["on_cpu_"]) else "last on"
            mode = "kernel" if vcpu.address.cast(gdb.lookup_type("basalt::PvVcpu").pointer())["in_kernel"] else "user"
            print(f"{vcpu_name(vcpu.address):6} {', '.join(state):9} {where} CPU {word(unit['cpu_'])}, {mode} mode, "
                  f"left its guest at rip {word(registers['rip']):#x} rsp {word(registers['rsp']):#x}")


@Command
def cpus():
    """cpus: each CPU that is online, who runs there, and what it has to see to before a guest goes on."""
    for number, cpu in all_cpus():
        work = flags(cpu["work"], "Work") or ["nothing"]
        print(f"CPU {number}: runs {vcpu_name(cpu['running_vcpu'])}, root {word(cpu['root']):#x}, has to see to: {', '.join(work)}")


@Command
def mfn(number):
    """mfn NUMBER: the record of a machine frame: owner, use, users, references."""
    frame = int(gdb.parse_and_eval(number))
    kind = gdb.lookup_type("basalt::Frame")
    record = gdb.Value(constant("layout::frame_table") + frame * kind.sizeof).cast(kind.pointer()).dereference()
    raw, owner = word(record["word_"]), word(record["owner_"])
    # The words' own documentation is memory/frame_word.hpp and memory/frame.hpp.
    domain = FREE if owner >> 15 & 1 else (owner & 0x7FFF) ^ IO
    state = [name for bit, name in ((60, "checked"), (61, "half checked"), (62, "pinned")) if raw >> bit & 1]
    state += [name for bit, name in ((62, "charged"), (63, "held by its owner")) if owner >> bit & 1]
    print(f"frame {frame:#x}: of {OWNERS.get(domain, f'domain {domain}')}, {raw & 0xFFFF_FFFF} references, "
          f"{raw >> 32 & 0xFF_FFFF} users as {name_of(raw >> 56 & 15, 'Use')}{''.join(f', {each}' for each in state)}")


@Command
def log():
    """log: the last lines of the log, also those that no console showed."""
    journal = of_basalt("(anonymous namespace)::journal")
    for part in (journal["guarded_"]["value_"], journal["last_resort_"]):
        ring = part["ring"]
        room, begin, end = ring["room_"], word(ring["begin_"]), word(ring["end_"])
        start, size = word(room["__data_"]), word(room["__size_"])
        if begin == end:
            continue
        letters = bytes(gdb.selected_inferior().read_memory(start, size))
        print(bytes(letters[at % size] for at in range(begin, end)).decode(errors="replace"), end="")


# Files are named from the root of the tree, headers of rooms from the build folder.
tree = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
gdb.execute(f"directory {tree}")
if gdb.current_progspace().filename:
    gdb.execute(f"directory {os.path.dirname(gdb.current_progspace().filename)}")
