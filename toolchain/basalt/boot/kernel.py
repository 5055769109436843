"""Takes the ELF kernel out of a bzImage, so that nobody has to decompress it inside the emulated machine."""

import lzma
import struct
import zlib

from basalt.progress import Trouble

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
        # Four bytes after the stream hold the unpacked size; the plain function refuses what it does not know.
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(data)
    if data.startswith(b"\x1f\x8b"):
        # Its own last word is the unpacked size; whatever stands behind it is not looked at.
        return zlib.decompressobj(wbits=31).decompress(data)
    raise Trouble("the kernel is compressed in a way that is not known here (xz and gzip are)")


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
