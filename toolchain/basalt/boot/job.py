"""A command for Dom0's shell: how it gets in, and how its output and status come out again.

It travels in a cpio archive of its own behind Dom0's initramfs, because a kernel's command line is short and has its
own ideas about quotes. Its output comes back byte by byte on a line of its own, a virtio port, where nobody else writes;
behind it a token that no other run uses, and the status (dom0/image/init). Dom0 powers off when the end was heard.
"""

import re
import secrets
import shutil
import socket
from io import BytesIO

from basalt.boot.cpio import Archive


def with_files(image, files, target):
    """Writes `target`: the initramfs `image`, and behind it an archive of `files` ({path: text or bytes})."""
    extra = BytesIO()
    archive = Archive(extra)
    for path, contents in files.items():
        archive.add(path, contents if isinstance(contents, bytes) else contents.encode(), 0o755)
    archive.close()
    shutil.copyfile(image, target)
    with open(target, "ab") as whole:
        whole.write(extra.getvalue())
    return target


class Job:
    """`print_output` is given the command's output, bytes as they come; `machines_end` of the line goes to QEMU."""

    def __init__(self, command, print_output):
        self.command = command
        self.status = None          # known once the command has ended
        self._token = f"@{secrets.token_hex(8)}"
        self._end = re.compile(re.escape(self._token.encode()) + rb"\? ([0-9]+)\n")
        self._print = print_output
        self._held = b""            # what may be the beginning of the end
        self._line, self.machines_end = socket.socketpair()

    def files(self):
        return {"job/command": self.command + "\n", "job/token": self._token + "\n"}

    def fileno(self):
        return self._line.fileno()

    def close(self):
        self._line.close()

    def listen(self):
        """Takes in what there is on the line, and answers the end; returns it, b"" when there will be no more."""
        try:
            data = self._line.recv(65536)
        except ConnectionResetError:
            data = b""
        if data and self._take(data):
            self._line.sendall(b"\n")
        return data

    def said_on_console(self, line):
        """Whether this line of the console is the command's: a kernel without a driver for the port leaves it no other way."""
        return line.startswith(f"{self._token}| ")

    def take_from_console(self, line):
        """True when that was the end, which is to be answered there."""
        return self._take(line.removeprefix(f"{self._token}| ").encode() + b"\n")

    def _take(self, data):
        self._held += data
        if found := self._end.search(self._held):
            self._say(found.start())
            self._held = b""
            self.status = int(found[1])
            return True
        # What may be the beginning of the end waits for the rest.
        end, token = self._held.rfind(b"@"), self._token.encode()
        begun = end >= 0 and (token.startswith(self._held[end:]) or self._held[end:].startswith(token))
        self._say(end if begun else len(self._held))
        return False

    def _say(self, length):
        if self.status is None and length:      # later it is somebody's whom the command left behind
            self._print(self._held[:length])
        self._held = self._held[length:]
