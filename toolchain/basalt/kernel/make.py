"""Builds a kernel with some of the patches in it, and says what was made: <build>/kernel/made/KIND-SERIES."""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from basalt import places
from basalt.boot import kernel
from basalt.kernel import options, series, source
from basalt.progress import Trouble, step

# Equal sources make equal images, and ccache knows them.
SAME_EACH_TIME = ("KBUILD_BUILD_TIMESTAMP=@0", "KBUILD_BUILD_USER=basalt", "KBUILD_BUILD_HOST=basalt", "KBUILD_BUILD_VERSION=1")
TAIL = 30


@dataclass(frozen=True)
class Made:
    """A folder with `vmlinux`, unpacked as the emulated machine likes it, `bzImage`, `config`, and what is in it as `series`."""

    folder: Path

    @property
    def vmlinux(self):
        return self.folder / "vmlinux"

    @property
    def bzimage(self):
        return self.folder / "bzImage"

    @property
    def words(self):
        sizes = ", ".join(f"{file.name} {file.stat().st_size / 2**20:.1f} MB" for file in (self.vmlinux, self.bzimage))
        patches = (self.folder / "series").read_text().split() or ["no patches"]
        return f"{self.folder}: {sizes}; {', '.join(patches)}"


def _key(kind, wanted):
    """Changes with whatever the kernel is made from."""
    texts = [source.version(), kind.fragment.read_text(), *(patch.change for patch in wanted), *SAME_EACH_TIME]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest() + "\n"


def made(kind, wanted):
    return Made(places.kernels / "made" / f"{kind.name}-{series.name_of(wanted)}")


def _command(kind, jobs):
    cached = "ccache " if shutil.which("ccache") else ""
    return ["make", "-C", places.kernel_source, f"O={kind.folder}", f"CC={cached}gcc", f"HOSTCC={cached}gcc", f"-j{jobs}", *SAME_EACH_TIME]


def run(kind, jobs, *targets):
    """make, its words in a file; the last of them are shown when it fails."""
    log = kind.folder / "log"
    with open(log, "w") as words, subprocess.Popen([*_command(kind, jobs), *targets], stdin=subprocess.DEVNULL, stdout=words,
                                                   stderr=subprocess.STDOUT) as running:
        try:
            status = running.wait()
        except BaseException:
            running.terminate()     # and its children: killed, it would leave them at work
            raise
    if status != 0:
        print("\n".join(log.read_text().splitlines()[-TAIL:]), flush=True)
        raise Trouble(f"the kernel's make failed (status {status}; all of it: {log})")


def _keep(kind, wanted):
    """Copies what was built to its own place; an older one there is replaced whole."""
    result = made(kind, wanted)
    half = result.folder.with_name(f"{result.folder.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    image = kind.folder / "arch/x86/boot/bzImage"
    shutil.copyfile(image, half / "bzImage")
    (half / "vmlinux").write_bytes(kernel.unpacked(image))
    shutil.copyfile(kind.folder / ".config", half / "config")
    (half / "series").write_text("".join(f"{patch.file.stem}\n" for patch in wanted))
    (half / "key").write_text(_key(kind, wanted))
    if (kind.folder / "modules.order").is_file() and kind.name != "small":
        run(kind, 1, f"INSTALL_MOD_PATH={half}", "INSTALL_MOD_STRIP=1", "modules_install")
    shutil.rmtree(result.folder, ignore_errors=True)
    half.rename(result.folder)
    return result


def build(kind_name, wanted, jobs=os.cpu_count()):
    """The kernel with these patches. Interrupted, it goes on where it was; with other patches, only what they touch is compiled."""
    kind = options.KINDS[kind_name]
    result = made(kind, wanted)
    if result.vmlinux.is_file() and (result.folder / "key").read_text() == _key(kind, wanted):
        return result       # whoever only wants it keeps nobody else from it
    with source.locked():
        tree = source.with_series(wanted)
        options.configure(kind, tree)
        with step(f"the kernel ({kind.name}, patches: {series.name_of(wanted)})"):
            run(kind, jobs, "bzImage", *([] if kind.name == "small" else ["modules"]))
        return _keep(kind, wanted)
