"""Where things are: the checkout, and what is made or fetched in the build folder (BASALT_BUILD, default build/)."""

import os
from pathlib import Path

checkout = Path(__file__).resolve().parents[2]
build = Path(os.environ.get("BASALT_BUILD") or checkout / "build").resolve()

basalt = build / "release" / "basalt"
logs = build / "logs"
runs = build / "runs"
image = build / "image"
packages = build / "packages"

xen = packages / "xen" / "xen-4.17-amd64"
dom0_files = packages / "root"
kernel_files = packages / "kernel"
uefi = packages / "uefi"
multiboot2_header = packages / "include" / "multiboot2.h"

dom0_kernel = image / "vmlinux"
dom0_image = image / "dom0.cpio"
hello_image = image / "hello.cpio"
