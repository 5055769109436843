"""QEMU's monitor of a running machine."""

import socket
import tempfile
from pathlib import Path

PROMPT = b"(qemu) "


class Monitor:
    """Use it in a `with` block around the machine's start. `arguments` are QEMU's, which connects to it."""

    def __init__(self, limit):
        self._folder = tempfile.TemporaryDirectory(prefix="monitor-")
        self._path = Path(self._folder.name) / "socket"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(limit)
        self._listener.bind(str(self._path))
        self._listener.listen(1)
        self._socket = None
        self._limit = limit

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in (self._socket, self._listener):
            if each:
                each.close()
        self._folder.cleanup()

    @property
    def arguments(self):
        return ("-chardev", f"socket,id=monitor,path={self._path}", "-mon", "chardev=monitor")

    def command(self, text):
        """Given, and done when this returns."""
        if self._socket is None:
            self._socket, _ = self._listener.accept()
            self._socket.settimeout(self._limit)
            self._until_prompt()
        self._socket.sendall(text.encode() + b"\n")
        self._until_prompt()

    def _until_prompt(self):
        said = b""
        while not said.endswith(PROMPT):
            data = self._socket.recv(4096)
            if not data:
                return
            said += data
