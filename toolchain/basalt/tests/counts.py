"""How often each instruction of a row was executed (tests/bench/count_instructions.c), by function."""

import re
import subprocess
from bisect import bisect_right

from basalt import places, symbols

# core/layout.hpp: the image, and the first CPU's alias of its entry text.
IMAGE, IMAGE_END = 0xFFFF_82D0_0000_0000, 0xFFFF_82D1_0000_0000
ENTRY_ALIAS, ENTRY_ALIAS_END = 0xFFFF_8180_4000_0000, 0xFFFF_8180_4001_0000
KERNELS = 0xFFFF_8800_0000_0000     # where a PV guest's own kernel begins

_NAME = re.compile(r"^([0-9a-f]{16}) [tTwW] (.*)$", re.M)


class Image:
    """A hypervisor's functions. One that has no alias of its entry text, as stock Xen, has no `entry_text_start`."""

    def __init__(self, listing):
        found = [(int(address, 16), name) for address, name in _NAME.findall(listing)]
        self._entry = next((address for address, name in found if name == "entry_text_start"), None)
        self._functions = sorted((address, symbols.short(name)) for address, name in found if not name.endswith(("_start", "_end")))
        self._starts = [address for address, _ in self._functions]

    @classmethod
    def of(cls, file):
        listed = subprocess.run([places.llvm / "bin" / "llvm-nm", "--demangle", "--defined-only", file], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, check=True)
        return cls(listed.stdout)

    def in_image(self, address):
        if self._entry is not None and ENTRY_ALIAS <= address < ENTRY_ALIAS_END:
            return address - ENTRY_ALIAS + self._entry
        return address

    def function(self, address):
        """Who executes there: a function of the hypervisor's, a kernel, or user mode."""
        address = self.in_image(address)
        if IMAGE <= address < IMAGE_END:
            at = bisect_right(self._starts, address) - 1
            return self._functions[at][1] if at >= 0 else "the hypervisor"
        return "a guest's kernel" if address >= KERNELS else "user mode"


def read(dump):
    """{address: count}, from a file of the plugin's."""
    return {int(address, 16): int(count, 16) for address, count in (line.split() for line in dump.splitlines())}


def by_function(counts, image):
    """{function: instructions}, the largest first."""
    found = {}
    for address, count in counts.items():
        name = image.function(address)
        found[name] = found.get(name, 0) + count
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def in_function(counts, image, wanted):
    """{address in the image: count} of the functions whose names contain `wanted`."""
    found = {}
    for address, count in counts.items():
        if wanted in image.function(address):
            place = image.in_image(address)
            found[place] = found.get(place, 0) + count
    return found
