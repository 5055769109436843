#include "guests/pv/descriptors.hpp"

#include <array>

#include "domain/domain.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "guests/pv/traps.hpp"
#include "machine/descriptors.hpp"
#include "machine/entry.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "machine/page_entry.hpp"
#include "machine/user_copy.hpp"
#include "paging/mmu.hpp"
#include "paging/take.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

using layout::descriptor_pages;

constexpr std::uint64_t mapped = rights::write & ~page_bit::global;
constexpr std::size_t ldt_first = descriptor_pages;   // of a vcpu's entries: GDT pages, then LDT pages
constexpr std::uint16_t in_ldt = 4;                   // selector bit TI

layout::Address address_of_entry(const Vcpu& vcpu, std::size_t entry) { return layout::gdt_of(vcpu.id) + entry * page_size; }

// A page of the GDT that the guest has not set.
PageEntry unset() { return PageEntry::of(no_descriptors(), rights::read & ~page_bit::global); }

// Puts the frame there and lets go of the one before, after the CPU has forgotten it. A vcpu that does not run has no
// translations anywhere: switching it out loaded another root.
void replace(Vcpu& vcpu, std::size_t entry, PageEntry wanted) {
    PageEntry& slot = pv::of(vcpu).descriptor_entries[entry];
    const PageEntry before = std::exchange(slot, wanted);
    if (before == PageEntry()) return;
    if (before != wanted && runs_here(vcpu)) flush_page_here(address_of_entry(vcpu, entry));
    if (before != unset()) static_cast<void>(FrameUse::adopt(before.mfn()));
}

}  // namespace

Result<> set_gdt(Vcpu& vcpu, std::span<const Mfn> frames, std::uint32_t entries) {
    PvVcpu& pv = pv::of(vcpu);
    if (entries > most_gdt_entries) return refuse(Error::invalid);
    std::array<FrameUse, guest_gdt_pages> taken;
    for (std::size_t page = 0; page < frames.size(); ++page) {
        auto use = paging::take_descriptors(frames[page], vcpu.domain.memory);
        if (!use) return paging::refuse_as(Error::invalid, use.error());
        taken[page] = std::move(*use);
    }
    for (std::size_t page = 0; page < guest_gdt_pages; ++page) {
        const bool wanted = page < frames.size();
        replace(vcpu, page, wanted ? PageEntry::of(std::move(taken[page]).into_table(), mapped) : unset());
        pv.gdt_frames[page] = wanted ? frames[page] : no_mfn;
    }
    pv.gdt_entries = entries;
    return {};
}

Result<> set_ldt(Vcpu& vcpu, std::uint64_t base, std::uint32_t entries) {
    PvVcpu& pv = pv::of(vcpu);
    const bool is_place = base % page_size == 0 && is_canonical(base) && guest_may_name(base, 1);
    if (entries > most_ldt_entries || (entries != 0 && !is_place)) return refuse(Error::invalid);
    if (pv.ldt_base == base && pv.ldt_entries == entries) return {};
    forget_ldt_pages(vcpu);
    pv.ldt_base = base;
    pv.ldt_entries = entries;
    if (runs_here(vcpu)) load_descriptor_tables(vcpu);
    return {};
}

void forget_ldt_pages(Vcpu& vcpu) {
    if (pv::of(vcpu).ldt_entries == 0) return;   // then none is mapped
    for (std::size_t page = 0; page < descriptor_pages; ++page)
        if (pv::of(vcpu).descriptor_entries[ldt_first + page] != PageEntry()) replace(vcpu, ldt_first + page, PageEntry());
}

Result<> map_ldt_page(Vcpu& vcpu, std::uint64_t offset) {
    PvVcpu& pv = pv::of(vcpu);
    if (offset >= std::uint64_t{pv.ldt_entries} * 8) return refuse(Error::invalid);
    const std::size_t entry = ldt_first + offset / page_size;
    if (pv.descriptor_entries[entry] != PageEntry()) return refuse(Error::invalid);
    const PageEntry leaf = paging::leaf_of(pv.kernel_root, pv.ldt_base + offset);
    if (!leaf.present()) return refuse(Error::invalid);
    FrameUse use = TRY(paging::take_descriptors(leaf.mfn(), vcpu.domain.memory));
    pv.descriptor_entries[entry] = PageEntry::of(std::move(use).into_table(), mapped);
    return {};
}

std::optional<std::uint64_t> descriptor_of(const Vcpu& vcpu, std::uint16_t selector) {
    const PvVcpu& pv = pv::of(vcpu);
    const std::uint32_t index = selector >> 3;
    if ((selector & in_ldt) != 0) {
        if (index >= pv.ldt_entries) return std::nullopt;
        const auto word = read_guest_word(pv.ldt_base + std::uint64_t{index} * 8);
        return word ? std::optional(*word) : std::nullopt;
    }
    if (index >= pv.gdt_entries) return std::nullopt;
    return static_cast<const std::uint64_t*>(layout::direct(pv.gdt_frames[index * 8 / page_size]))[index % (page_size / 8)];
}

void lend_own_descriptors(const Vcpu& vcpu) {
    pv::of(vcpu).descriptor_entries[guest_gdt_pages] = PageEntry::of(this_cpu().descriptors, mapped);
}

void load_descriptor_tables(const Vcpu& vcpu) {
    use_gdt(layout::gdt_of(vcpu.id));
    use_ldt(layout::ldt_of(vcpu.id), pv::of(vcpu).ldt_entries);
}

bool explain_supervisor_ldt_fault(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    const std::uint64_t offset = address - layout::ldt_of(vcpu.id);
    if (offset >= descriptor_pages * page_size) return false;
    const auto mapped = map_ldt_page(vcpu, offset);
    if (!mapped && mapped.error() != Error::again) deliver_page_fault(vcpu, pv::of(vcpu).ldt_base + offset, error_code);
    return true;
}

void drop_descriptor_tables(Vcpu& vcpu) {
    forget_ldt_pages(vcpu);
    static_cast<void>(set_gdt(vcpu, {}, 0));
    of(vcpu).ldt_entries = 0;
}

}  // namespace basalt::pv

namespace basalt {

Result<> set_ldt(std::uint64_t base, std::uint64_t entries) {
    if (entries > most_ldt_entries) return refuse(Error::invalid);
    return pv::set_ldt(running(), base, static_cast<std::uint32_t>(entries));
}

// Loading a selector for a guest, in ring 0, may be what touches its LDT first.
bool resolve_hypervisor_fault(Registers& registers) {
    if (registers.vector != vector::page_fault || this_cpu().running_vcpu == nullptr) return false;
    Vcpu& vcpu = running();
    const std::uint64_t offset = read_cr2() - layout::ldt_of(vcpu.id);
    if (offset >= layout::descriptor_pages * page_size) return false;
    const auto mapped = pv::map_ldt_page(vcpu, offset);
    return mapped || mapped.error() == Error::again;      // that much is done: it faults again, and comes again
}

}  // namespace basalt
