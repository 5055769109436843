"""What to type for a look into a machine that waits for a debugger."""

import os
import shlex

from basalt import places


def to_type(port, hypervisor, *commands, basalt=True):
    """gdb with the hypervisor's names, for Basalt with the commands that know it, and with more of gdb's own."""
    knowing = ["-x", os.path.relpath(places.debugger_commands)] if basalt else []
    more = [word for command in (f"target remote :{port}", *commands) for word in ("-ex", command)]
    return "waiting for a debugger: " + shlex.join(["gdb", *knowing, *more, os.path.relpath(hypervisor)])
