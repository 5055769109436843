"""Takes the ELF kernel out of a bzImage, so that nobody has to decompress it inside the emulated machine."""

import bz2
import gzip
import lzma
import struct
import subprocess

from progress import Trouble

_BOOT_MAGIC = 0x202
_ELF_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
_PT_LOAD = 1


def payload(image):
    """The compressed kernel (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length)."""
    if image[_BOOT_MAGIC:_BOOT_MAGIC + 4] != b"HdrS":
        raise Trouble("not a Linux kernel: neither an ELF file nor a bzImage")
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    return image[start:start + length]


def decompress(data):
    if data.startswith(b"\xfd7zXZ\0"):
        # Four bytes after the stream hold the unpacked size; the plain functions refuse what they do not know.
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(data)
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data[:-4])
    if data.startswith(b"BZh"):
        return bz2.BZ2Decompressor().decompress(data)
    for magic, program in ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\x02\x21\x4c\x18", "lz4")):
        if data.startswith(magic):
            return subprocess.run([program, "-dc"], input=data[:-4], capture_output=True, check=True).stdout
    raise Trouble("the kernel is compressed in a way that is not known here")


def without_trailing_zeros(elf):
    """The same program with what its loader fills with zeros anyway left out: a third of Debian's kernel.

    Section headers, which no loader reads, go too.
    """
    header = list(_ELF_HEADER.unpack_from(elf))
    table, entry_size, entries = header[5], header[9], header[10]
    header[6] = header[11] = header[12] = header[13] = 0  # e_shoff, e_shentsize, e_shnum, e_shstrndx
    shorter, end = bytearray(elf), 0
    for number in range(entries):
        at = table + number * entry_size
        segment = list(_PROGRAM_HEADER.unpack_from(elf, at))
        offset, size = segment[2], segment[5]
        if segment[0] == _PT_LOAD:
            segment[5] = len(elf[offset:offset + size].rstrip(b"\0"))
            _PROGRAM_HEADER.pack_into(shorter, at, *segment)
            end = max(end, offset + segment[5])
    _ELF_HEADER.pack_into(shorter, 0, *header)
    return bytes(shorter[:end])


def unpacked(file):
    """The ELF kernel in `file`, a bzImage or an ELF kernel."""
    image = file.read_bytes()
    elf = image if image.startswith(b"\x7fELF") else decompress(payload(image))
    if not elf.startswith(b"\x7fELF\x02"):
        raise Trouble(f"{file}: holds no 64-bit ELF kernel")
    return without_trailing_zeros(elf)
