"""What QEMU says of its machine. Nothing that runs in the machine can say it, or keep it from being said."""

import json
import re
import socket

_FLAGS_AND_HALT = re.compile(r"[ER]FL=([0-9a-f]+).*HLT=([01])")
_INTERRUPTS_ON = 1 << 9
_PATIENCE = 30      # seconds for an answer of QEMU's own, however slow the machine in it is


class Monitor:
    """One end of a line to QEMU's monitor; `machines_end` goes to QEMU (QMP, docs/interop/qmp-spec.txt)."""

    def __init__(self):
        self._line, self.machines_end = socket.socketpair()
        self._line.settimeout(_PATIENCE)
        self._pending = b""
        self._answer = None
        self.end = None         # why the machine ended: guest-shutdown, guest-reset, host-ui, ...
        self.restarts = 0       # how often its own software has reset it, and it went on
        self._send("qmp_capabilities")

    def close(self):
        self._line.close()

    def fileno(self):
        return self._line.fileno()

    def listen(self):
        """Takes in what QEMU has said since; waits when that is nothing. False when it will say nothing more."""
        try:
            said = self._line.recv(65536)
        except OSError:
            said = b""
        self._pending += said
        *whole, self._pending = self._pending.split(b"\n")
        for line in filter(bytes.strip, whole):
            self._take(json.loads(line))
        return bool(said)

    def hear_the_end(self):
        while self.listen():
            pass

    def command(self, text):
        """What QEMU's monitor answers to a person's command; it is done when this returns."""
        self._answer = None
        self._send("human-monitor-command", {"command-line": text})
        while self._answer is None and self.listen():
            pass
        return str(self._answer)

    def stands_still_for_good(self):
        """Whether every CPU has halted with interrupts off: it will neither do nor say anything any more."""
        cpus = _FLAGS_AND_HALT.findall(self.command("info registers -a"))
        return bool(cpus) and all(halted == "1" and not int(flags, 16) & _INTERRUPTS_ON for flags, halted in cpus)

    def _send(self, command, arguments=None):
        try:
            self._line.sendall(json.dumps({"execute": command, "arguments": arguments or {}}).encode() + b"\n")
        except OSError:
            pass        # it has ended; whoever listens next learns that

    def _take(self, said):
        if "return" in said:
            self._answer = said["return"]
        elif said.get("event") == "SHUTDOWN":
            self.end = said["data"]["reason"]
        elif said.get("event") == "RESET" and said["data"]["guest"]:
            self.restarts += 1
