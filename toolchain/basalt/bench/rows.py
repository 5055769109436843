"""What is measured: each row's name, as the program that measures it says, and its words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    text: str
    group: str
    source: str                 # what has to be started for it
    told: str = ""              # how its program calls it, where that is another name
    has_loop: bool = True       # of that program, between two marks: profile can take it apart
    native: str = ""            # the row without a hypervisor that this one is compared with
    noise: float = 0.005        # what it moves by when nothing has changed
    noise_on_xen: float = 0     # where stock Xen's moves by more


@dataclass(frozen=True)
class Growth:
    """Rows that are one thing by its size."""

    text: str
    size: str
    rows: tuple                 # (size, row)


# Programs that need Linux: in Dom0, in a guest, and xl; every other one is a small guest.
USERLAND, DOMU, TOOLSTACK = LINUX = ("userland", "domu", "toolstack")
SMALL, IN_DOM0, IN_DOMU, TOOLS, BOOT, MEMORY = (
    "a small guest", "Dom0", "a guest of Linux (DomU)", "xl in Dom0", "boot", "memory, in KiB")

# Small guests, and what tests/guest/boot_guest.py has to know of each.
_TWO_VCPUS = ("--options", "dom0_max_vcpus=2")
GUESTS = {"null_hypercall": (), "events": (), "switches": _TWO_VCPUS, "grant_batches": (), "longest_wait": _TWO_VCPUS,
          "exits": ("--options", "hvm=yes")}

# Machines whose boot is taken apart by phase: Dom0 and the small guest are as large in each.
SMALL_MACHINES = {"small_256m": "256 MiB", "small_1g": "1 GiB", "small_4g": "4 GiB"}
MACHINES = {"dom0_1g": "1 GiB", "dom0_4g": "4 GiB"}
LARGEST = "dom0_4g"


def size_of(machine):
    """Of one of those, as QEMU is told it."""
    return machine.rpartition("_")[2].upper()


# What is measured at one go, and what has to be started for it, one after the other.
PARTS = {"small": tuple(GUESTS), "dom0": (USERLAND,), "domu": (DOMU,), "tools": (TOOLSTACK, "image"), "boot": (*SMALL_MACHINES, *MACHINES)}

_USERLAND = {
    "getppid": "getppid",
    "gettimeofday": "gettimeofday, by system call",
    "clock_gettime": "clock_gettime, by system call",
    "clock_vdso": "clock_gettime, by the vDSO",
    "rdtsc": "RDTSC",
    "cpuid": "CPUID",
    "signal": "signal to oneself",
    "pipe_self": "pipe: a byte to oneself",
    "pipe_pingpong": "pipe: a byte to another process",
    "nanosleep": "nanosleep of 50 us",
    "fork_exit": "fork, exit, wait",
    "fork_exec": "fork, exec, exit, wait",
    "page_touch": "touch of a fresh page",
    "file_read": "touch of a mapped file's page: read",
    "file_write": "touch of a mapped file's page: write",
    "mprotect": "mprotect of a page",
    "fault_signal": "fault, its signal, mprotect twice",
    "fork_1m": "fork, by page, 1 MiB touched",
    "fork_4m": "fork, by page, 4 MiB touched",
    "fork_16m": "fork, by page, 16 MiB touched",
    "fork_64m": "fork, by page, 64 MiB touched",
    "fork_256m": "fork, by page, 256 MiB touched",
    "fork_write_4m": "fork, by page, 4 MiB written to again",
    "disk_1": "disk in memory: 4 KiB read, one by one",
    "disk_16": "disk in memory: 4 KiB read, 16 at once",
    "tcp_byte": "TCP: a byte there and back",
    "tcp_send": "TCP: 64 KiB sent, a byte back",
    "tcp_receive": "TCP: a byte sent, 64 KiB back",
}

# Where frames lie, and whom Linux wakes first, differs from boot to boot; seen in five runs.
_NOISE = {"pipe_pingpong": 0.25, "file_": 0.1, "page_touch": 0.05, "fork_1m": 0.1, "fork_": 0.05, "tcp_": 0.1, "disk_": 0.05}


def _noise_of(name):
    return next((noise for begin, noise in _NOISE.items() if name.startswith(begin)), 0.01)


_TOOLS = {
    "create_mini": "create a domain of 4 MiB, paused",
    "destroy_mini": "destroy a paused domain of 4 MiB",
    "create_linux": "create a domain of Linux, paused",
    "destroy_linux": "destroy a paused domain of Linux",
    "create_disk": "create one with a disk, paused",
    "destroy_disk": "destroy one with a disk",
    "create_vif": "create one with a network card, paused",
    "destroy_vif": "destroy one with a network card",
    "attach_disk": "give a running domain a disk",
    "detach_disk": "take the disk away",
    "attach_vif": "give a running domain a network card",
    "detach_vif": "take the network card away",
    "list_domains": "list Dom0 alone",
    "create_mini_1": "create the 1st running domain of 4 MiB",
    "create_mini_10": "create the 10th running domain of 4 MiB",
    "create_mini_30": "create the 30th running domain of 4 MiB",
    "list_31": "list 31 domains",
    "destroy_mini_30": "destroy the 30th running domain of 4 MiB",
    "destroy_mini_10": "destroy the 10th running domain of 4 MiB",
    "destroy_mini_1": "destroy the 1st running domain of 4 MiB",
}

_GRANTS = {"map": "map", "unmap": "unmap", "copy": "copy of 8 bytes"}
_BATCHES = (1, 4, 16, 64, 100, 256)

# Loops of a guest's own, whose marks profile does not see.
_EXITS = {
    "cpuid": "CPUID",
    "rdmsr": "RDMSR of its APIC's base",
    "in": "IN from a port that nothing is behind",
    "apic_read": "read in its APIC's page",
    "apic_write": "end of interrupt in its APIC's page",
    "end_x2apic": "end of interrupt by an x2APIC's MSR",
    "unmapped": "read where no memory is",
    "call": "hypercall (xen_version)",
}


def _boot(name, text, source, noise=0.02, noise_on_xen=0.5, native=""):
    return Row(name, text, BOOT, source, native=native, noise=noise, noise_on_xen=noise_on_xen, has_loop=False)


ROWS = (
    Row("null_hypercall", "null hypercall (xen_version)", SMALL, "null_hypercall"),
    Row("event_self", "event to oneself, taken by an upcall", SMALL, "events"),
    Row("event_other", "event to another domain, asleep until it comes", SMALL, "events"),
    Row("vcpu_switch", "yield to another vcpu of the domain", SMALL, "switches"),
    *(Row(f"grant_{what}_{batch}", f"grant: {text} by {batch}", SMALL, "grant_batches")
      for what, text in _GRANTS.items() for batch in _BATCHES),
    *(Row(f"exit_{name}", f"exit of a hardware-assisted guest: {text}", SMALL, "exits", has_loop=False) for name, text in _EXITS.items()),
    Row("longest_wait", "a vcpu wakes: longest wait beside long calls", SMALL, "longest_wait", noise=0.05, has_loop=False),
    *(Row(name, text, IN_DOM0, USERLAND, native=name, noise=_noise_of(name)) for name, text in _USERLAND.items()),
    *(Row(f"domu_{name}", text, IN_DOMU, DOMU, told=name, native=name, noise=_noise_of(name)) for name, text in _USERLAND.items()),
    *(Row(name, text, TOOLS, TOOLSTACK, noise=0.04 if name.endswith(("_disk", "_vif")) else 0.02) for name, text in _TOOLS.items()),
    Row("create_mini_4g", "create one of 4 MiB, machine of 4 GiB", TOOLS, LARGEST, noise=0.02, has_loop=False),
    Row("destroy_mini_4g", "destroy one of 4 MiB, machine of 4 GiB", TOOLS, LARGEST, noise=0.02, has_loop=False),
    _boot("boot_small", "power on to a small Dom0's first test", "null_hypercall", noise=0.2),
    _boot("boot_kernel", "Dom0's kernel to its /init", USERLAND, native="boot_kernel", noise_on_xen=0),
    _boot("domu_boot_kernel", "the same kernel as a guest, to its /init", DOMU, native="boot_kernel", noise_on_xen=0),
    *(_boot(f"boot_own_{machine}", f"the hypervisor's own start, of {text}", machine) for machine, text in SMALL_MACHINES.items()),
    *(_boot(f"boot_{phase}_{machine}", f"until Dom0's shell, of {text}: {what}", machine, native=native)
      for machine, text in MACHINES.items()
      for phase, what, native in (("its", "its kernel", "boot_its_dom0_1g"), ("user", "its programs", "boot_user_dom0_1g"),
                                  ("beside", "the hypervisor", ""))),
    _boot("boot_shell", "power on to Dom0's shell", USERLAND, noise=0.2),
    Row("memory_taken", "what Dom0 and free memory leave of 1 GiB", MEMORY, TOOLSTACK, has_loop=False),
    Row("image_size", "the image in memory", MEMORY, "image", has_loop=False),
)

GROWTHS = (
    Growth("boot: the hypervisor's own start", "MiB in the machine",
           ((256, "boot_own_small_256m"), (1024, "boot_own_small_1g"), (4096, "boot_own_small_4g"))),
    *(Growth(f"grant, {text}: instructions for each", "of them in one call", tuple((batch, f"grant_{what}_{batch}") for batch in _BATCHES))
      for what, text in _GRANTS.items()),
    Growth("fork, exit, wait: instructions for each page", "MiB touched", tuple((size, f"fork_{size}m") for size in (1, 4, 16, 64, 256))),
    *(Growth(f"xl {act} of a running domain of 4 MiB", "domains then", tuple((number, f"{act}_mini_{number}") for number in (1, 10, 30)))
      for act in ("create", "destroy")),
    Growth("xl destroy of a domain of 4 MiB", "MiB in the machine", ((1024, "destroy_mini"), (4096, "destroy_mini_4g"))),
)


def expected(source, side):
    """The rows that come of it on that side."""
    return [row for row in ROWS if row.source == source and (side != "native" or row.native == row.name)]


def told_by(program, name):
    """The row that the program calls so."""
    return next((row for row in ROWS if row.source == program and (row.told or row.name) == name), None)


def named(name):
    return next((row for row in ROWS if row.name == name), None)
