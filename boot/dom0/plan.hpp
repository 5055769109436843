// Where everything of a new PV domain goes, before anything is allocated: <xen/xen.h>, "Start of day".
//
//   kernel image | initrd* | p2m list* | start info | page tables | boot stack | padding
//
// The bootstrap mapping is one run of pfns from 0. Marked * are the parts that a kernel may have asked to be
// elsewhere: an initrd named by pfn is not mapped at all, a p2m list with a base of its own is mapped there. Their
// pfns follow the run.
#pragma once

#include <cstdint>
#include <optional>

#include "abi/xen.hpp"
#include "boot/dom0/elf_image.hpp"
#include "core/number.hpp"

namespace basalt::dom0 {

struct AddressRange {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t size() const { return end - start; }
    std::uint64_t pages() const { return (size() + page_size - 1) / page_size; }
};

struct Plan {
    std::uint64_t base = 0;             // virtual address of pfn 0
    AddressRange kernel;
    std::optional<AddressRange> initrd; // when it is mapped
    AddressRange p2m;
    AddressRange start_info;
    AddressRange tables;                // page-table frames, the L4 first
    AddressRange stack;
    std::uint64_t end = 0;              // of the bootstrap mapping

    bool p2m_is_apart = false;
    std::uint64_t bootstrap_pages = 0;  // pfns 0 up
    Pfn initrd_pfn{};
    std::uint64_t initrd_pages = 0;
    Pfn p2m_pfn{};                      // when it is apart: its frames, then the tables that map them
    std::uint64_t p2m_table_pages = 0;
    std::uint64_t pages_needed = 0;     // all of the above

    Pfn pfn_of(std::uint64_t address) const { return Pfn((address - base) >> page_shift); }
};

// For `pages` frames of memory.
Started<Plan> plan_for(const ElfImage& image, std::uint64_t pages, std::uint64_t initrd_size);

// The fewest frames that plan_for takes; some number above `most` where that is not enough.
std::uint64_t least_pages(const ElfImage& image, std::uint64_t initrd_size, std::uint64_t most);

// How many frames a p2m list can have. One that lies behind the kernel ends with the address space, of which the kernel's
// own tables for the list want as much again.
std::uint64_t longest_p2m(const ElfImage& image, std::uint64_t initrd_size);

// Tables of one level that it takes to map a range.
std::uint64_t tables_for(AddressRange range, unsigned level);

}  // namespace basalt::dom0
