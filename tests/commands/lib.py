"""What these tests share: a console of a machine that is a shell script."""

import tempfile
from contextlib import contextmanager
from pathlib import Path

from basalt.boot.console import Console


# QEMU answers whatever it is asked.
ANSWERING = """
while read -r -u $monitor; do echo '{"return": ""}' >&$monitor; done &
trap 'kill %1' EXIT
"""


class Script:
    """Says on its console, to its job's line (`>&$job`) and as QEMU (`>&$monitor`) what the script does, and ends."""

    def __init__(self, script):
        self._script = script

    def command(self, lines, keys=False):
        numbers = " ".join(f"{name}={number}" for name, number in lines.items())
        return ["bash", "-c", f"{numbers}\n{ANSWERING}\n{self._script}"]


@contextmanager
def console_of(script, job=None):
    with tempfile.TemporaryDirectory() as folder, Console(Script(script), Path(folder) / "log", job) as console:
        yield console


def qemu_says(event, **data):
    """The script's line that is QEMU's word."""
    facts = ", ".join(f'"{name}": {"true" if value is True else f"{chr(34)}{value}{chr(34)}"}' for name, value in data.items())
    return f"""echo '{{"event": "{event}", "data": {{{facts}}}}}' >&$monitor\n"""


def qemu_ends(reason):
    return qemu_says("SHUTDOWN", guest=True, reason=reason)
