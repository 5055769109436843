"""Where each CPU of a machine is, by the names in the files that run there."""

import re
import subprocess
from bisect import bisect_right

_CPU = re.compile(r"^CPU#(\d+)|^RIP=([0-9a-f]+).* CPL=(\d)", re.M)


def _symbols(files):
    """Sorted (address, name of the function there)."""
    found = []
    for file in files:
        listed = subprocess.run(["llvm-nm-19", "--demangle", "--defined-only", file], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        found += re.findall(r"^([0-9a-f]{16}) [tTwW] (.*)$", listed.stdout, re.M)
    return sorted((int(address, 16), name) for address, name in found)


def name_in(symbols, address):
    at = bisect_right(symbols, (address, chr(0x10ffff))) - 1
    return f" {symbols[at][1]}+{address - symbols[at][0]:#x}" if at >= 0 else ""


def of_each_cpu(monitor, *files):
    symbols, cpu = _symbols(files), "0"
    for number, rip, ring in _CPU.findall(monitor.command("info registers -a").replace("\r", "")):
        if number:
            cpu = number
            continue
        address = int(rip, 16)
        yield f"CPU {cpu} is at {address:#x}{name_in(symbols, address)}, ring {ring}"


def named(line, file):
    """A line of Dom0's that says where a vcpu is, by the names in the file that runs there; any other as it is."""
    found = re.match(r"vcpu \d+ is at ([0-9a-f]+)", line)
    return f"boot_guest: {found[0]}{name_in(_symbols([file]), int(found[1], 16))}\n" if found else line
