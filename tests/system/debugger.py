"""boot/run --gdb says what to type, and that gdb tells of domains, vcpus, CPUs, frames and the log, with the lines of their source.

REQUIRES: basalt
RUN: %python %s %hypervisor
"""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

BOOT_RUN = Path(__file__).resolve().parents[2] / "boot" / "run"
TO_ASK = [
    "domains",                              # too early, and said so
    "hbreak basalt::initialise",            # Dom0's kernel makes its second vcpu
    "continue",
    "domains", "vcpus", "cpus", "mfn $cr3 >> 12", "log", "backtrace",
    "monitor quit",
]
EXPECTED = [
    r"^domains: .*Has Basalt its page tables yet",
    r"^domain 0, privileged: \d+ of at most \d+ frames, 2 vcpus, may run$",
    r"^d0v0 +runnable +on CPU \d, kernel mode, left its guest at rip 0xffffffff",
    r"^d0v1 +down +last on CPU \d",
    r"^CPU \d: runs d0v0, root 0x[0-9a-f]+000, has to see to: ",
    r"^CPU \d: runs idle, ",
    r"^frame 0x[0-9a-f]+: of domain 0, \d+ references, \d+ users as l4_table, checked",
    r"^\(XEN\) Basalt .* \(Xen ABI 4\.17\)$",
    r"^#0 .*basalt::initialise.* at .*hypervisor/domain/vcpu_setup\.cpp:\d+$",
]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


command = [BOOT_RUN, "--gdb", str(free_port()), "--no-guest", "--cpus", "2", *sys.argv[1:], "--exec", "true"]
with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as boot_run:
    try:
        line = next(found[1] for said in boot_run.stderr if (found := re.search("waiting for a debugger: (gdb .*)", said)))
        program, *rest = shlex.split(line)
        asked = [word for each in TO_ASK for word in ("-ex", each)]
        # Who waits for it to start QEMU tries again.
        told = subprocess.run([program, "-nx", "-batch", "-ex", "set tcp connect-timeout 60", *rest[:-1], *asked, rest[-1]],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        boot_run.stderr.read()
        boot_run.wait()
    except BaseException:
        os.killpg(boot_run.pid, signal.SIGKILL)     # or its end would be waited for
        raise
missing = [expected for expected in EXPECTED if not re.search(expected, told, re.M)]
if missing:
    sys.exit(f"{told}\n-- not said: {missing}")
