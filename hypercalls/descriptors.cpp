// Segments as a PV guest's kernel sets them.
#include "guests/pv/descriptors.hpp"

#include <array>

#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "guests/pv/traps.hpp"
#include "hypercalls/call.hpp"
#include "machine/instructions.hpp"
#include "paging/descriptor.hpp"
#include "paging/take.hpp"
#include "table/entries.hpp"

namespace basalt::hypercalls {
namespace {

// A page of descriptors stays what it is while we write; any other must be the guest's to write.
Result<FrameUse> page_to_write(Mfn mfn, DomainMemory& owner) {
    if (auto use = paging::take_descriptors(mfn, owner); use || use.error() == Error::again) return use;
    return paging::take_writable(mfn, owner);
}

// rdi: frame numbers, rsi: entries. All frames must be the domain's and hold only permitted descriptors.
Result<> set_gdt(GuestPointer<xen_pfn_t> frames, std::uint32_t entries) {
    if (entries > FIRST_RESERVED_GDT_ENTRY) return refuse(Error::invalid);
    std::array<Mfn, FIRST_RESERVED_GDT_PAGE> wanted;
    const std::size_t pages = (std::size_t{entries} * 8 + page_size - 1) / page_size;
    for (std::size_t page = 0; page < pages; ++page) wanted[page] = Mfn(TRY((frames + page).read()));
    return pv::set_gdt(running(), std::span(wanted).first(pages), entries);
}

// rdi: machine address of the descriptor, rsi: the descriptor.
Result<> update_descriptor(std::uint64_t machine_address, std::uint64_t descriptor) {
    const auto permitted = paging::permitted_descriptor(descriptor);
    if (machine_address % 8 != 0 || !permitted) return refuse(Error::invalid);
    const Mfn frame = mfn_of(machine_address);
    auto use = page_to_write(frame, running().domain.memory);
    if (!use) return paging::refuse_as(Error::invalid, use.error());
    auto* const words = static_cast<std::uint64_t*>(layout::direct(frame));
    std::atomic_ref(words[machine_address % page_size / 8]).store(*permitted, std::memory_order_relaxed);
    return {};
}

// rdi: SEGBASE_*, rsi: base, or selector for GS_USER_SEL: one that cannot be loaded becomes null.
Result<> set_segment_base(std::uint32_t which, std::uint64_t base) {
    if (which == SEGBASE_GS_USER_SEL) {
        static_cast<void>(try_load_gs_behind_swap(static_cast<std::uint16_t>(base)));
        return {};
    }
    if (!is_canonical(base)) return refuse(Error::invalid);
    switch (which) {
        case SEGBASE_FS: write_fs_base(base); return {};
        case SEGBASE_GS_USER: write_gs_base_behind_swap(base); return {};
        case SEGBASE_GS_KERNEL: write_gs_base(base); return {};
        default: return refuse(Error::invalid);
    }
}

}   // namespace

template <>
Ending hypercall<table::set_gdt>(Call call) {
    return decoded<set_gdt>(call);
}
template <>
Ending hypercall<table::update_descriptor>(Call call) {
    return decoded<update_descriptor>(call);
}
template <>
Ending hypercall<table::set_segment_base>(Call call) {
    return decoded<set_segment_base>(call);
}

}  // namespace basalt::hypercalls
