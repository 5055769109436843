"""Makes the GRUB image that starts a hypervisor and its modules through Multiboot2."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from basalt import places
from basalt.progress import Trouble

# Only what the configuration below needs: a full image is four times as large and slower to make.
GRUB_MODULES = "multiboot2 normal iso9660 serial terminal"


@dataclass(frozen=True)
class Module:
    """A file handed over in memory, with the command line the hypervisor finds beside it."""

    file: Path
    arguments: str = ""


def grub_configuration(hypervisor_arguments, modules):
    lines = [
        "serial --unit=0 --speed=115200",
        "terminal_output serial",
        f"multiboot2 /boot/hypervisor {hypervisor_arguments}".rstrip(),
    ]
    # --nounzip: GRUB's own gunzip is slow and stops at the first member of a compressed initramfs.
    for number, module in enumerate(modules):
        lines.append(f"module2 --nounzip /boot/module{number} {module.arguments}".rstrip())
    return "\n".join([*lines, "boot", ""])


def grub_for(uefi):
    """What grub-mkrescue takes of GRUB. For UEFI it makes a GRUB that wants a module for each kind of partition table."""
    if not uefi:
        return [f"--install-modules={GRUB_MODULES}"]
    folder = places.uefi / "usr/lib/grub/x86_64-efi"
    partitions = " ".join(sorted(module.stem for module in folder.glob("part_*.mod")))
    return ["-d", str(folder), f"--install-modules={GRUB_MODULES} {partitions}"]


def make_iso(iso, hypervisor, hypervisor_arguments="", modules=(), others=None, uefi=False):
    """Writes `iso`, whose GRUB boots `hypervisor` at once, without a menu. `others`: {path in it: file} beside that."""
    iso = Path(iso)
    iso.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".cfg", dir=iso.parent) as configuration:
        configuration.write(grub_configuration(hypervisor_arguments, modules))
        configuration.flush()
        # Each file is grafted into the image from where it lies; nothing is copied into a tree first.
        grafts = [f"/boot/grub/grub.cfg={configuration.name}", f"/boot/hypervisor={hypervisor}"]
        grafts += [f"/boot/module{number}={module.file}" for number, module in enumerate(modules)]
        grafts += [f"{path}={file}" for path, file in (others or {}).items()]
        made = subprocess.run(
            ["grub-mkrescue", "-o", str(iso), "--locales=", "--fonts=", "--themes=",
             *grub_for(uefi), *grafts],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if made.returncode != 0:
        raise Trouble(f"grub-mkrescue failed: {made.stderr.strip().splitlines()[-1:]}")
    return iso
