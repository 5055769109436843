"""What is typed on the serial line reaches the shell on hvc0, and Ctrl-C the command it runs.

RUN: %python %s %hypervisor
"""

import sys

from story import LIMIT, console_of

PROMPT = r"dom0:~# $"

with console_of(sys.argv[1:]) as console:
    console.expect_prompt(PROMPT, LIMIT)
    console.send("echo the answer is $((6 * 7))\n")
    console.expect(r"^the answer is 42", LIMIT)
    console.expect_prompt(PROMPT, LIMIT)
    console.send("sh -c 'echo asleep; sleep 1000'\n")
    console.expect(r"^asleep", LIMIT)
    console.send("\x03")
    console.expect_prompt(PROMPT, LIMIT)
    console.send("echo status $?\n")
    console.expect(r"^status 130", LIMIT)
    console.expect_prompt(PROMPT, LIMIT)
    console.send("poweroff\n")
    console.expect(r"reboot: Power down", LIMIT)
    assert console.wait(LIMIT).how == "power off"
