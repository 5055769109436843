"""Makes whatever a boot needs and is not there yet: tools, packages, Basalt itself, Dom0's image."""

import gzip
import os
import subprocess

from basalt import builds, places
from basalt import uefi as firmware
from basalt.kernel import make, series
from basalt.progress import Trouble, step


def _run(what, command, quiet=False):
    ran = subprocess.run(command, cwd=places.checkout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if quiet else None,
                         stderr=subprocess.STDOUT if quiet else None, text=True)
    if ran.returncode != 0:
        if quiet:
            print(ran.stdout, end="", flush=True)
        raise Trouble(f"{what} failed (status {ran.returncode})")


def packages():
    places.see_that_build_is_writable()
    _run("toolchain/packages", [places.checkout / "toolchain" / "packages"])


def kernel_tools():
    """What compiling Linux takes, which only guest-pv-linux-patches/build does."""
    _run("toolchain/packages", [places.checkout / "toolchain" / "packages", "kernel-tools"])


def patched_kernel():
    """The small kernel for guests with all of guest-pv-linux-patches in it."""
    kernel_tools()
    return make.build("small", series.patches()).vmlinux


def uefi():
    """OVMF and its GRUB, which only who asks for them needs."""
    if not places.uefi.is_dir():
        firmware.fetch_once()


def dom0():
    _run("dom0/image/build", [places.checkout / "dom0" / "image" / "build"])


def basalt():
    """The hypervisor of this checkout, built if its sources changed."""
    folder = places.basalt.parent
    with step("building Basalt"):
        if not builds.is_configured(folder):
            _run("cmake", builds.configuring("release", folder), quiet=True)
        _run("the build of Basalt", ["cmake", "--build", folder, "--target", "basalt"], quiet=True)
    if not places.basalt.exists():
        raise Trouble(f"the build made no {places.basalt}")
    return places.basalt


def hypervisor(name, folder):
    """The file to boot: Basalt, stock Xen (`xen`), or any file, unpacked into `folder` when gzipped."""
    if name is None:
        return basalt()
    if name == "xen":
        return places.xen
    with open(name, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return os.path.abspath(name)
    unpacked = folder / "hypervisor"
    unpacked.write_bytes(gzip.open(name).read())
    return unpacked
