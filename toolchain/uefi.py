#!/usr/bin/env python3
"""Downloads what a boot by UEFI takes, OVMF and GRUB for it, and unpacks it: <build>/packages/uefi."""

import fcntl
import shutil
import sys

import fetch
import places
from progress import Trouble, step

PACKAGES = ("ovmf", "grub-efi-amd64-bin")


def fetch_uefi():
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


if __name__ == "__main__":
    try:
        fetch_uefi()
    except Trouble as trouble:
        sys.exit(f"toolchain/uefi.py: {trouble}")
