"""What Dom0's kernel warns of is a subset of what it warns of on stock Xen, but for the lines in warnings_allowed.

REQUIRES: basalt
RUN: %python %s %hypervisor
"""

import re
import subprocess
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
COMMAND = ["--cpu", "max,-la57,-smap", "--cpus", "2", "--no-guest", "--exec", "dmesg -r"]


def warnings_on(*hypervisor):
    told = subprocess.run([here.parents[1] / "boot" / "run", *hypervisor, *COMMAND], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    assert "] Linux version" in told, "the log of the kernel is not whole"
    # <level>[ time] text; addresses and counts differ from boot to boot.
    texts = re.findall(r"^<[0-4]>\[ *[\d.]+\] (.*)$", told, re.M)
    return {re.sub(r"0x[0-9a-f]+|[0-9]+", "N", text) for text in texts}


allowed = [line for line in (here / "warnings_allowed").read_text().splitlines() if line and not line.startswith("#")]
ours = {text for text in warnings_on(*sys.argv[1:]) if not any(re.search(pattern, text) for pattern in allowed)}
new = sorted(ours - warnings_on("--hypervisor", "xen"))
print("\n".join(new) or "nothing that stock Xen's Dom0 does not say")
sys.exit(1 if new else 0)
