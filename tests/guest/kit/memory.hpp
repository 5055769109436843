// What the domain was given: start_info, its frames and their machine numbers, and pages to play with.
// All pages the kit hands out are part of the image's .bss, so they are mapped and writable from the start.
#pragma once

#include "kit/abi.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kit {

constexpr std::uint64_t image_base = 0xffffffff80000000;   // XEN_ELFNOTE_VIRT_BASE of every test guest
constexpr std::uint64_t page_size = 4096;

// What a call cannot take: addresses where nothing of a guest's is, and a number that no domain has.
constexpr std::uint64_t nowhere = 0xdead000;               // no level-4 entry of ours covers it
constexpr std::uint64_t not_canonical = 0x8000000000000000;
constexpr auto unreachable = std::to_array<std::uint64_t>({nowhere, not_canonical, HYPERVISOR_VIRT_START});
constexpr unsigned nobody = 0x7000;

struct alignas(page_size) Page {
    std::array<std::uint64_t, 512> words;
    std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(this); }
    std::uint64_t mfn() const;
    std::uint64_t machine() const { return mfn() * page_size; }
};
static_assert(sizeof(Page) == page_size);

extern start_info_t* start;
extern shared_info_t* shared;

void start_memory(start_info_t* info);

// A zeroed page nobody has used yet; there are 1000 of them.
Page& fresh_page();
// The next `count` pages, contiguous in the guest's view.
std::span<Page> fresh_pages(std::size_t count);

std::uint64_t pfn_of(const volatile void* address);
std::uint64_t mfn_of(const volatile void* address);
std::uint64_t machine_of(const volatile void* address);   // machine address, offset included
std::uint64_t& p2m(std::uint64_t pfn);
std::uint64_t m2p(std::uint64_t mfn);
Page& page_of(std::uint64_t mfn);                         // a frame of ours, through the image's mapping

// Told by the guest's command line. For the few cases that are a promise of Basalt's own.
bool on_stock_xen();
bool on_bochs();   // 2.7: boot_guest.py --machine
bool on_bochs_svm();   // Bochs 2.7 with a processor of AMD's: boot_guest.py --machine ryzen

// Where the hypervisor keeps a vcpu's flags: the shared page, until the vcpu registers another place.
vcpu_info_t& vcpu_info(unsigned vcpu);
vcpu_info_t& vcpu_info();           // of the running one
void set_vcpu_info(unsigned vcpu, vcpu_info_t& place);
unsigned running_vcpu();            // 0, or 1 on the second vcpu's stack

}
