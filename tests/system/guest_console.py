"""boot/run as it is typed: a prompt with the guest `hello` running; `xl console` leads to its shell, and Ctrl-] back.

RUN: %python %s %hypervisor
"""

import sys

from story import LIMIT, console_of

DOM0 = r"dom0:~# $"
HELLO = r"/ # (\x1b\[6n)?$"

with console_of(sys.argv[1:], guest=True) as console:
    console.expect_prompt(DOM0, LIMIT)
    console.send("xl console hello\n")
    console.expect(r"^hello from a PV guest: Linux 6\.1", LIMIT)
    console.expect_prompt(HELLO, LIMIT)
    console.send("echo the answer is $((6 * 7))\n")
    console.expect(r"^the answer is 42", LIMIT)
    console.expect_prompt(HELLO, LIMIT)
    console.send("sh -c 'echo asleep; sleep 1000'\n")
    console.expect(r"^asleep", LIMIT)
    console.send("\x03")
    console.expect_prompt(HELLO, LIMIT)
    console.send("\x1d")
    console.expect_prompt(DOM0, LIMIT)
    console.send("xl destroy hello; xl list | wc -l\n")
    console.expect(r"^2$", LIMIT)
    console.send("poweroff\n")
    console.expect(r"reboot: Power down", LIMIT)
    assert console.wait(LIMIT).how == "power off"
