"""What is measured: each row's name, as the program that measures it says, and its words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    text: str
    group: str
    program: str                # of tests/bench; "" where it is no program's loop
    native: str = ""            # the row without a hypervisor that this one is compared with
    noise: float = 0.005        # what it moves by when nothing has changed


@dataclass(frozen=True)
class Growth:
    """Rows that are one thing by its size."""

    text: str
    size: str
    rows: tuple                 # (size, row)


USERLAND = "userland"           # in Dom0; every other program is a small guest
SMALL, DOM0, BOOT = "a small guest", "Dom0", "boot"

# Small guests, and what tests/guest/boot_guest.py has to know of each.
GUESTS = {"null_hypercall": (), "events": (), "grant_batches": (), "longest_wait": ("--options", "dom0_max_vcpus=2")}

_USERLAND = {
    "getppid": "getppid",
    "gettimeofday": "gettimeofday, by system call",
    "clock_gettime": "clock_gettime, by system call",
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
}

_GRANTS = {"map": "map", "unmap": "unmap", "copy": "copy of a page"}
_BATCHES = (1, 16, 256)

ROWS = (
    Row("null_hypercall", "null hypercall (xen_version)", SMALL, "null_hypercall"),
    Row("event_self", "event to oneself, taken by an upcall", SMALL, "events"),
    Row("event_other", "event to another domain, asleep until it comes", SMALL, "events"),
    *(Row(f"grant_{what}_{batch}", f"grant: {text} by {batch}", SMALL, "grant_batches")
      for what, text in _GRANTS.items() for batch in _BATCHES),
    Row("longest_wait", "a vcpu wakes: longest wait beside long calls", SMALL, "longest_wait", noise=0.05),
    *(Row(name, text, DOM0, USERLAND, native=name) for name, text in _USERLAND.items()),
    Row("boot_small", "power on to a small Dom0's first test", BOOT, "", noise=0.2),
    Row("boot_kernel", "Dom0's kernel to its /init", BOOT, "", native="boot_kernel", noise=0.02),
    Row("boot_shell", "power on to Dom0's shell", BOOT, "", noise=0.2),
)

GROWTHS = (
    *(Growth(f"grant, {text}: instructions for each", "of them in one call", tuple((batch, f"grant_{what}_{batch}") for batch in _BATCHES))
      for what, text in _GRANTS.items()),
    Growth("fork, exit, wait: instructions for each page", "MiB touched", tuple((size, f"fork_{size}m") for size in (1, 4, 16, 64, 256))),
)


def named(name):
    return next((row for row in ROWS if row.name == name), None)
