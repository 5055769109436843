#include "hypercalls/memory_calls.hpp"
#include "machine/boot_info.hpp"
#include "machine/page_tables.hpp"

namespace basalt::hypercalls {
namespace {

// One entry as the BIOS lists it (ACPI 6.4, table 15.2, without the extended attributes), which the ABI names
// but does not declare.
struct [[gnu::packed]] MapEntry {
    std::uint64_t start;
    std::uint64_t size;
    std::uint32_t kind;
};
static_assert(sizeof(MapEntry) == 20);

}    // namespace

// The machine's memory as its firmware lists it, unmodified.
Result<std::int64_t> machine_memory_map(std::uint64_t argument) {
    if (!caller_is_privileged()) return refuse(Error::not_permitted);
    const GuestPointer<xen_memory_map_t> pointer(argument);
    auto request = TRY(pointer.read());
    const MemoryMap map = boot_info().memory;
    if (request.nr_entries < map.size()) return refuse(Error::invalid);
    GuestPointer<MapEntry> next(reinterpret_cast<std::uint64_t>(request.buffer.p));
    for (const auto& region : map) {
        TRY(next.write(MapEntry{region.start, region.size, static_cast<std::uint32_t>(region.kind)}));
        next = next + 1;
    }
    request.nr_entries = static_cast<std::uint32_t>(map.size());
    TRY(pointer.write(request));
    return 0;
}

Result<std::int64_t> machphys_mapping(std::uint64_t argument) {
    constexpr std::uint64_t size = std::uint64_t{256} << 30;    // half of L4 slot 256
    // Dom0 stays on this machine, and meets device memory all the time: it is told where RAM ends.
    const auto frames = caller_is_privileged() ? memory_views.end.raw : size / sizeof(std::uint64_t);
    TRY(GuestPointer<xen_machphys_mapping_t>(argument).write({.v_start = layout::guest_m2p,
                                                              .v_end = layout::guest_m2p + size,
                                                              .max_mfn = frames - 1}));
    return 0;
}

// The frames that hold the M2P, one for each 2 MiB piece of it; where there is none, the one before is
// repeated.
Result<std::int64_t> machphys_mfn_list(std::uint64_t argument) {
    constexpr std::uint64_t piece_shift = 30 - page_shift;    // 2 MiB of entries describe 1 GiB
    const GuestPointer<xen_machphys_mfn_list_t> pointer(argument);
    auto request = TRY(pointer.read());
    const auto pieces = (memory_views.end.raw + (std::uint64_t{1} << piece_shift) - 1) >> piece_shift;
    GuestPointer<xen_pfn_t> next(request.extent_start.p);
    Mfn last(0);
    std::uint32_t told = 0;
    for (; told < pieces && told < request.max_extents; ++told) {
        if (const Mfn piece = m2p_piece(told); piece != no_mfn) last = piece;
        TRY(next.write(last.raw));
        next = next + 1;
    }
    request.nr_extents = told;
    TRY(pointer.write(request));
    return 0;
}

}    // namespace basalt::hypercalls
