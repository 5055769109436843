"""Where things are: the checkout, and what is made or fetched in the build folder (BASALT_BUILD, default build/)."""

import os
from pathlib import Path

from basalt.progress import Trouble

checkout = Path(__file__).resolve().parents[2]
tests = checkout / "tests"
build = Path(os.environ.get("BASALT_BUILD") or checkout / "build").resolve()

basalt = build / "release" / "basalt"
logs = build / "logs"
runs = build / "runs"
image = build / "image"
packages = build / "packages"
kernels = build / "kernel"                  # what guest-pv-linux-patches/build makes, and of what
kernel_source = kernels / "source"

debugger_commands = checkout / "hypervisor" / "debug" / "gdb.py"

xen = packages / "xen" / "xen-4.17-amd64"
dom0_files = packages / "root"
kernel_files = packages / "kernel"
uefi = packages / "uefi"
multiboot2_header = packages / "include" / "multiboot2.h"
llvm = Path("/usr/lib/llvm-19")             # FileCheck, lit and the llvm-* tools of toolchain/build-tools

dom0_kernel = image / "vmlinux"
dom0_image = image / "dom0.cpio"
hello_image = image / "hello.cpio"
modules = checkout / "dom0/image/modules"                # which of a kernel's they take
hello_modules = checkout / "dom0/image/hello/modules"


def see_that_build_is_writable():
    try:
        build.mkdir(parents=True, exist_ok=True)
        if not os.access(build, os.W_OK):
            raise PermissionError("it may not be written")
    except OSError as why:
        raise Trouble(f"nothing can be put into {build} ({why.strerror or why}): BASALT_BUILD=FOLDER names another folder") from None
