#!/usr/bin/env python3
"""Runs a program for as long as it says something: a limit on its length would be one on the machine's load.

    toolchain/basalt/tests/silence.py SECONDS PROGRAM [ARGUMENT...]
"""

import os
import select
import subprocess
import sys


def output_while_it_speaks(command, limit, show=None, **how):
    """(what it said, its status), the status None where it was silent for `limit` seconds, and was ended."""
    said = b""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how) as program:
        while select.select([program.stdout], [], [], limit)[0]:
            if not (data := os.read(program.stdout.fileno(), 65536)):
                return said.decode(errors="replace"), program.wait()
            said += data
            if show:
                show(data)
        program.kill()
    return said.decode(errors="replace"), None


def _show(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    limit, *command = sys.argv[1:]
    _, status = output_while_it_speaks(command, float(limit), _show)
    if status is None:
        print(f"silence.py: nothing was said in {limit} s")
    sys.exit(1 if status is None or status < 0 else status)
