// A PV kernel as an ELF64 file: what to load where, and what its Xen notes say.
// System V ABI "Object Files"; notes: <xen/elfnote.h>.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "boot/dom0/reason.hpp"

namespace basalt::dom0 {

using Bytes = std::span<const std::byte>;

// What the kernel's notes ask for, or what a kernel without the note gets.
struct Notes {
    std::uint64_t virtual_base = 0;       // XEN_ELFNOTE_VIRT_BASE
    std::uint64_t physical_offset = 0;    // XEN_ELFNOTE_PADDR_OFFSET; without it the virtual base
    std::optional<std::uint64_t> entry;   // XEN_ELFNOTE_ENTRY; without it the ELF entry
    std::optional<std::uint64_t> hypercall_page;
    std::optional<std::uint64_t> p2m_base;   // XEN_ELFNOTE_INIT_P2M
    bool module_by_pfn = false;              // XEN_ELFNOTE_MOD_START_PFN: the initrd need not be mapped
    bool has_loader = false;                 // XEN_ELFNOTE_LOADER "generic": this is a PV kernel
    std::string_view guest_os;
};

struct Segment {
    std::uint64_t address = 0;   // where the guest will see it
    Bytes file;                  // what is in the file
    std::uint64_t size = 0;      // in memory; what the file has not is zero
};

struct ElfImage {
    static constexpr std::size_t most_segments = 16;

    Notes notes;
    std::array<Segment, most_segments> segment_storage{};
    std::size_t segment_count = 0;
    std::uint64_t entry = 0;
    std::uint64_t start = 0;   // lowest and highest address of the loaded segments
    std::uint64_t end = 0;

    std::span<const Segment> segments() const { return {segment_storage.data(), segment_count}; }
};

Started<ElfImage> read_elf(Bytes file);

}  // namespace basalt::dom0
