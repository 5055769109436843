"""A running machine from outside: QEMU's gdb stub, just as much of it as stopping at an address and looking takes."""

import re
import socket
import struct
import tempfile
from pathlib import Path

# The order in which the stub tells registers (GDB's org.gnu.gdb.i386.core); flags and segments have 32 bits.
GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
           "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip")
SEGMENTS = ("rflags", "cs", "ss", "ds", "es", "fs", "gs")

PACKET = re.compile(rb"\$([^#]*)#..", re.S)


class StubFailed(Exception):
    pass


class Stub:
    """Use it in a `with` block around the machine's start. `arguments` are QEMU's, which connects to it: accept() waits."""

    def __init__(self, limit):
        self._folder = tempfile.TemporaryDirectory(prefix="gdb-")
        self._path = Path(self._folder.name) / "stub"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(limit)
        self._listener.bind(str(self._path))
        self._listener.listen(1)
        self._limit = limit
        self._socket = None
        self._pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in (self._socket, self._listener):
            if each:
                each.close()
        self._folder.cleanup()

    @property
    def arguments(self):
        """The machine stands still until it is told to go on."""
        return ("-S", "-chardev", f"socket,id=stub,path={self._path}", "-gdb", "chardev:stub")

    def accept(self):
        self._socket, _ = self._listener.accept()
        self._socket.settimeout(self._limit)
        self._ask("?")

    def registers(self):
        data = bytes.fromhex(self._ask("g"))
        return dict(zip(GENERAL + SEGMENTS, struct.unpack_from(f"<{len(GENERAL)}Q{len(SEGMENTS)}I", data)))

    def words(self, address, count=1):
        answer = self._ask(f"m{address:x},{8 * count:x}")
        if answer.startswith("E"):
            raise StubFailed(f"nothing can be read at {address:#x}")
        return struct.unpack(f"<{count}Q", bytes.fromhex(answer))

    def write_word(self, address, value):
        self._must_be_ok(f"M{address:x},8:{struct.pack('<Q', value).hex()}")

    def watch(self, address):
        """The machine stops before the instruction there, until forget()."""
        self._must_be_ok(f"Z1,{address:x},1")

    def forget(self, address):
        self._must_be_ok(f"z1,{address:x},1")

    def go_on(self):
        """Until a place that is watched: where that is."""
        answer = self._ask("c")
        if not answer.startswith("T05"):
            raise StubFailed(f"the machine did not stop at a place that is watched: {answer!r}")
        return self.registers()["rip"]

    def step(self):
        """One instruction, without any interrupt."""
        self._ask("s")

    def leave(self):
        """The machine goes on alone."""
        self._must_be_ok("D")

    def monitor(self, command):
        """What QEMU's monitor answers."""
        self._send("qRcmd," + command.encode().hex())
        said = ""
        while (answer := self._receive()) != "OK":
            if not answer.startswith("O"):
                raise StubFailed(f"the monitor does not take {command!r}: {answer!r}")
            said += bytes.fromhex(answer[1:]).decode()
        return said

    def _must_be_ok(self, request):
        if (answer := self._ask(request)) != "OK":
            raise StubFailed(f"{request} was answered {answer!r}")

    def _ask(self, request):
        self._send(request)
        return self._receive()

    def _send(self, text):
        self._socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())

    def _receive(self):
        while not (packet := PACKET.search(self._pending)):
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise StubFailed("the machine does not come to a place that is watched") from None
            if not data:
                raise StubFailed("the machine has ended")
            self._pending += data
        self._pending = self._pending[packet.end():]
        self._socket.sendall(b"+")
        return packet[1].decode()
