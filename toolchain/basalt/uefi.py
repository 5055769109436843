"""Downloads what a boot by UEFI takes, OVMF and GRUB for it, and unpacks it: <build>/packages/uefi."""

import fcntl
import shutil

from basalt import fetch, places
from basalt.progress import step

PACKAGES = ("ovmf", "grub-efi-amd64-bin")


def fetch_once():
    places.packages.mkdir(parents=True, exist_ok=True)
    with open(places.packages / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if places.uefi.is_dir():
            return
        debs = places.packages / "uefi.debs"
        unpacked = places.packages / "uefi.unpacked"
        for stale in (debs, unpacked):
            shutil.rmtree(stale, ignore_errors=True)
        apt = fetch.Apt(places.packages / "apt")
        with step("OVMF and GRUB for UEFI"):
            apt.update()
            apt.download(PACKAGES, debs)
            for deb in debs.glob("*.deb"):
                fetch.unpack(deb, unpacked)
        shutil.rmtree(debs)
        unpacked.rename(places.uefi)
