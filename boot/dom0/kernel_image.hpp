// A kernel as it is shipped: an ELF file, or a bzImage with one inside, compressed.
// Linux/x86 boot protocol, fields of the setup header (2.08 and later).
#pragma once

#include "boot/dom0/elf_image.hpp"

namespace basalt::dom0 {

// How a bzImage's payload is packed.
enum class Packing : std::uint8_t { none, xz, zstd, gzip, lz4, unknown };

// The part of the file that holds the ELF image, and how it is packed.
struct Payload {
    Bytes bytes;
    Packing packing = Packing::none;
    std::size_t unpacked_size = 0;
};

Started<Payload> find_payload(Bytes file);

}  // namespace basalt::dom0
