"""What is measured: each row's name, as the program that measures it says, and its words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    name: str
    text: str
    program: str                # of tests/bench; "" where it is no program's loop
    options: tuple = ()         # of tests/guest/boot_guest.py, for a small guest


def _of(program, *rows, options=()):
    return tuple(Row(name, text, program, options) for name, text in rows)


USERLAND = "userland"       # in Dom0; every other program is a small guest

ROWS = (
    *_of("null_hypercall", ("null_hypercall", "null hypercall (xen_version)")),
    *_of("longest_wait", ("longest_wait", "a vcpu wakes: longest wait beside long calls"), options=("--options", "dom0_max_vcpus=2")),
    *_of(USERLAND,
         ("getppid", "getppid"),
         ("gettimeofday", "gettimeofday, by system call"),
         ("clock_gettime", "clock_gettime, by system call"),
         ("rdtsc", "RDTSC"),
         ("cpuid", "CPUID"),
         ("signal", "signal to oneself"),
         ("pipe_self", "pipe: a byte to oneself"),
         ("pipe_pingpong", "pipe: a byte to another process"),
         ("nanosleep", "nanosleep of 50 us"),
         ("fork_exit", "fork, exit, wait"),
         ("fork_exec", "fork, exec, exit, wait"),
         ("page_touch", "touch of a fresh page"),
         ("file_read", "touch of a mapped file's page: read"),
         ("file_write", "touch of a mapped file's page: write"),
         ("mprotect", "mprotect of a page"),
         ("fault_signal", "fault, its signal, mprotect twice"),
         ("fork_1m", "fork, by page, 1 MiB touched"),
         ("fork_4m", "fork, by page, 4 MiB touched"),
         ("fork_16m", "fork, by page, 16 MiB touched"),
         ("fork_64m", "fork, by page, 64 MiB touched"),
         ("fork_256m", "fork, by page, 256 MiB touched")),
    *_of("",
         ("boot_small", "boot: power on to a small Dom0's first test"),
         ("boot_kernel", "boot: Dom0's kernel to its /init"),
         ("boot_shell", "boot: power on to Dom0's shell")),
)


def named(name):
    return next((row for row in ROWS if row.name == name), None)


def programs():
    """{a small guest's name: its options}"""
    return {row.program: row.options for row in ROWS if row.program not in ("", USERLAND)}
