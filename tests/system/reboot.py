"""`reboot` in Dom0 resets the machine: it comes up a second time. `noreboot` is about errors, and this is none.

RUN: %python %s %hypervisor
"""

import sys

from story import LIMIT, console_of

with console_of([*sys.argv[1:], "--append", "noreboot"], command="reboot", reboots=True) as console:
    for _ in range(2):
        console.expect(r"dom0: ready", LIMIT)
        console.expect(r"reboot: Restarting system", LIMIT)
