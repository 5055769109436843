"""Ctrl-A three times takes the serial console's input from Dom0 to the hypervisor, whose keys then answer, and back.

RUN: %python %s %hypervisor
"""

import sys

from story import LIMIT, console_of

PROMPT = r"dom0:~# $"
SWITCH = "\x01" * 3

with console_of(sys.argv[1:]) as console:
    console.expect_prompt(PROMPT, LIMIT)
    console.send(SWITCH)
    console.expect(r"input is Basalt's now|Serial input to Xen", LIMIT)
    console.send("h")
    console.expect(r"'h' pressed", LIMIT)
    console.send("q")
    console.expect(r"'q' pressed", LIMIT)
    console.send(SWITCH)
    console.expect(r"input is Dom0's now|Serial input to DOM0", LIMIT)
    # One Ctrl-A alone is the shell's: it goes to the beginning of the line.
    console.send("ho the answer is $((6 * 7))\x01ec\n")
    console.expect(r"^the answer is 42", LIMIT)
    console.send("poweroff\n")
    console.expect(r"reboot: Power down", LIMIT)
    assert console.wait(LIMIT).how == "power off"
