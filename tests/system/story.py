"""What stories told from outside the machine share: a booted Dom0 and its console."""

import dataclasses
import sys
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "toolchain"))
from basalt import prepare
from basalt.boot import run
from basalt.boot.console import Console
from basalt.boot.job import Job

LIMIT = 300     # seconds of silence; catches hangs on a loaded machine, nothing waits for it


@contextmanager
def console_of(arguments, command=None, guest=False, **different):
    """The console of a machine started with boot/run's `arguments`, which runs `command` or offers a shell."""
    chosen = run.options([*([] if guest else ["--no-guest"]), *arguments])
    prepare.dom0()
    job = Job(command, run.terminal.write) if command else None
    files = run.guest(chosen) | (job.files() if job else {})
    with run.own_folder() as folder:
        image = run.boot_image(chosen, Path(folder), files)
        machine = dataclasses.replace(run.machine(chosen, image), **different)
        with Console(machine, run.fresh_log(), job) as console:
            yield console
