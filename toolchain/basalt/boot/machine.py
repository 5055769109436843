"""The emulated machine as a value, and the QEMU command line that makes it."""

from dataclasses import dataclass
from pathlib import Path

from basalt import places
from basalt.progress import Trouble


@dataclass(frozen=True)
class Disk:
    """A raw disk image and the controller it hangs on; `volatile` writes are thrown away at the end."""

    file: Path
    controller: str = "virtio"
    volatile: bool = False

    CONTROLLERS = ("virtio", "ahci")

    @classmethod
    def parse(cls, text):
        """FILE, virtio:FILE or ahci:FILE."""
        controller, colon, file = text.partition(":")
        if not colon or controller not in cls.CONTROLLERS:
            controller, file = "virtio", text
        if not Path(file).is_file():
            raise Trouble(f"--disk: no such file: {file}")
        return cls(Path(file), controller)

    def arguments(self, number):
        name = f"disk{number}"
        drive = f"id={name},if=none,format=raw,cache=unsafe,file={str(self.file).replace(',', ',,')}"
        if self.volatile:
            drive += ",snapshot=on"
        device = {
            "virtio": f"virtio-blk-pci,drive={name},serial={name}",
            # q35's own AHCI controller has six ports; port 0 holds the CD.
            "ahci": f"ide-hd,drive={name},bus=ide.{number + 1},serial={name}",
        }[self.controller]
        return ["-drive", drive, "-device", device]


@dataclass(frozen=True)
class Machine:
    """What QEMU emulates. Started from `iso`, or directly from `kernel` by PVH."""

    iso: Path | None = None
    uefi: bool = False
    kernel: Path | None = None
    kernel_arguments: str = ""
    kind: str = "q35"
    cpu: str = "max"
    cpus: int = 1
    memory: str = "2G"
    disks: tuple[Disk, ...] = ()
    network: bool = False
    instruction_count: bool = False
    # For all CPUs. A guest of SVM's needs it: FXRSTOR and XRSTOR on any CPU rewrite a word of the first CPU's in QEMU 7.2 without a
    # lock (hflags2, to lower IGNNE#), so that its nested paging or GIF is switched back on or off at any moment.
    one_thread: bool = False
    gdb_port: int | None = None
    isa_debug_exit: bool = False
    nodes: tuple[str, ...] = ()
    reboots: bool = False
    extra: tuple[str, ...] = ()

    def command(self, lines, keys=False):
        """The command line. The console is stdin and stdout; `keys` of QEMU's own (Ctrl-A X) when somebody types there.

        `lines` are sockets (file descriptors) that it leads to QEMU's `monitor` and, when there is one, to a `job`.
        """
        line = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                "-machine", self.kind, "-accel", "tcg,thread=single" if self.one_thread else "tcg", "-cpu", self.cpu,
                "-smp", str(self.cpus), "-m", self.memory]
        if not self.reboots:
            line += ["-no-reboot"]
        line += self._nodes()
        line += self._boot_source()
        line += self._console(keys, lines["monitor"])
        for number, disk in enumerate(self.disks):
            line += disk.arguments(number)
        if self.network:
            line += ["-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,romfile="]
        if "job" in lines:
            line += ["-chardev", f"socket,id=job,fd={lines['job']}", "-device", "virtio-serial-pci",
                     "-device", "virtserialport,chardev=job,name=job"]
        if self.instruction_count:
            line += ["-icount", "shift=0,sleep=off"]
        if self.gdb_port is not None:
            line += ["-S", "-gdb", f"tcp:127.0.0.1:{self.gdb_port}"]
        if self.isa_debug_exit:
            line += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
        return line + list(self.extra)

    def _nodes(self):
        """Nodes of memory, each its size and its CPUs, `128M,cpus=0-1`; a node is 10 from itself, 21 from the next, 22 from the one after."""
        line = []
        for number, node in enumerate(self.nodes):
            size, comma, cpus = node.partition(",")
            line += ["-object", f"memory-backend-ram,id=node{number},size={size}",
                     "-numa", f"node,nodeid={number},memdev=node{number}{comma}{cpus}"]
        for source in range(len(self.nodes)):
            for target in range(len(self.nodes)):
                distance = 10 if source == target else 20 + abs(source - target)
                line += ["-numa", f"dist,src={source},dst={target},val={distance}"]
        return line

    def _boot_source(self):
        if self.iso is not None:
            return self._firmware() + ["-drive", f"id=cd,if=none,media=cdrom,readonly=on,format=raw,file={self.iso}",
                    "-device", "ide-cd,drive=cd,bus=ide.0,bootindex=0"]
        return ["-kernel", str(self.kernel), "-append", self.kernel_arguments]

    def _firmware(self):
        """SeaBIOS unless `uefi`; what UEFI writes into its own store is thrown away."""
        if not self.uefi:
            return []
        ovmf = places.uefi / "usr/share/OVMF"
        return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={ovmf}/OVMF_CODE_4M.fd",
                "-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={ovmf}/OVMF_VARS_4M.fd"]

    @staticmethod
    def _console(keys, monitor):
        line = ["-chardev", "stdio,id=console,signal=off" + (",mux=on" if keys else ""), "-serial", "chardev:console",
                "-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=control"]
        return line + (["-mon", "chardev=console"] if keys else [])
