"""A machine that Bochs emulates, for what QEMU's TCG has not: Intel's VMX, and AMD's SVM that tells of the next instruction.

As a value it takes the place of `Machine` for a `Console`. As a program it runs Bochs, whose first serial line is the program's
output, and says on the monitor's line how the machine ended, in QEMU's words.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from basalt.boot.console import die_with_parent

# Processors by the name that --machine takes, and Bochs' own for them (bochs --help cpu).
MODELS = {"haswell": "corei7_haswell_4770", "ryzen": "ryzen"}

_FIRMWARE = Path("/usr/share/bochs")
# GRUB draws nothing, so the VGA is there for the firmware alone. TSC and clocks count instructions: each run is the same.
_CONFIGURATION = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file={firmware}/BIOS-bochs-latest, options=fastboot
vgaromimage: file={firmware}/VGABIOS-lgpl-latest
megs: {megabytes}
cpu: model={model}, count={cpus}, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=1
clock: sync=none, time0=local
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path="{iso}", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="/dev/fd/{console}"
sound: driver=dummy
speaker: enabled=0
mouse: enabled=0
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
log: /dev/fd/{log}
"""
# What Bochs' log says of resets, of which the first is the machine's beginning, and of power that is switched off.
_RESET = re.compile(r"bx_pc_system_c::Reset\(\w+\) called")
_POWER_OFF = re.compile(r"ACPI control: soft power off")
# The time, p for a panic, and who has it.
_FATAL = re.compile(r"^\d+p\[")


@dataclass(frozen=True)
class BochsMachine:
    """What Bochs emulates. Started from `iso`."""

    iso: Path
    model: str
    cpus: int = 1
    megabytes: int = 256

    def command(self, lines, keys=False):
        """The command line. The console is stdout; nothing can be typed. `lines` as in Machine."""
        if keys or "job" in lines:
            raise ValueError("a machine of Bochs has no keyboard, and no line for a job")
        toolchain = Path(__file__).resolve().parents[2]
        return ["env", f"PYTHONPATH={toolchain}", sys.executable, "-m", "basalt.boot.bochs", "--monitor", str(lines["monitor"]), "--iso", str(self.iso),
                "--model", self.model, "--cpus", str(self.cpus), "--megabytes", str(self.megabytes)]

    def configuration(self, console, log):
        """Bochs' file of settings; `console` and `log` are file descriptors."""
        return _CONFIGURATION.format(firmware=_FIRMWARE, megabytes=self.megabytes, model=MODELS[self.model], cpus=self.cpus,
                                     iso=self.iso, console=console, log=log)


def ends_told_by(log):
    """The lines of Bochs' log, each with QEMU's word for the end that it tells of, or None."""
    resets = 0
    for line in log:
        resets += bool(_RESET.search(line))
        yield line, "guest-shutdown" if _POWER_OFF.search(line) else "guest-reset" if resets > 1 else None


def _answer(monitor):
    """Whatever is asked: Bochs knows nothing of it."""
    with monitor.makefile("rb") as asked:
        for _ in asked:
            monitor.sendall(b'{"return": ""}\n')


def _watch(log, monitor, bochs):
    last = ""
    for line, reason in ends_told_by(log):
        if reason:
            monitor.sendall(json.dumps({"event": "SHUTDOWN", "data": {"reason": reason}}).encode() + b"\n")
            bochs.kill()        # after a reset it would start again
            return
        last = line if _FATAL.match(line) else last
    if last:
        print(f"\nbochs: {last.strip()}", flush=True)


def run(machine, monitor):
    readable, log = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        settings, commands = Path(folder) / "bochsrc", Path(folder) / "commands"
        # Of the debugger, at whose prompt Debian's Bochs begins, and comes again at each triple fault of a guest.
        commands.write_text("continue\n" * 1000 + "quit\n")
        console = os.dup(1)     # what Bochs says for itself is not the serial line's, and nobody reads it
        settings.write_text(machine.configuration(console=console, log=log))
        line = ["bochs", "-q", "-f", str(settings), "-rc", str(commands)]
        with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              pass_fds=[console, log], preexec_fn=die_with_parent) as bochs:
            os.close(log)
            Thread(target=_answer, args=[monitor], daemon=True).start()
            with os.fdopen(readable, errors="replace") as lines:
                _watch(lines, monitor, bochs)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monitor", type=int, required=True)
    parser.add_argument("--iso", type=Path, required=True)
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--cpus", type=int, default=1)
    parser.add_argument("--megabytes", type=int, default=256)
    wanted = parser.parse_args()
    machine = BochsMachine(wanted.iso, wanted.model, wanted.cpus, wanted.megabytes)
    return run(machine, socket.socket(fileno=wanted.monitor))


if __name__ == "__main__":
    sys.exit(main())
