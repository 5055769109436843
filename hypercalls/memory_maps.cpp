#include <algorithm>
#include <limits>

#include "hypercalls/grow_in_turns.hpp"
#include "hypercalls/memory_calls.hpp"
#include "machine/boot_info.hpp"
#include "machine/page_tables.hpp"

namespace basalt::hypercalls {
// The machine's memory as its firmware lists it, unmodified. Without a list: how many entries it has.
Result<std::int64_t> machine_memory_map(std::uint64_t argument) {
    const GuestPointer<xen_memory_map_t> pointer(argument);
    auto request = TRY(pointer.read());
    const MemoryMap map = boot_info().memory;
    GuestPointer<MapEntry> next(reinterpret_cast<std::uint64_t>(request.buffer.p));
    if (!next.is_null()) {
        if (request.nr_entries < map.size()) return refuse(Error::invalid);
        for (const auto& region : map) {
            TRY(next.write(MapEntry{region.start, region.size, static_cast<std::uint32_t>(region.kind)}));
            next = next + 1;
        }
    }
    request.nr_entries = static_cast<std::uint32_t>(map.size());
    TRY(pointer.write(request));
    return 0;
}

// The map that a domain's builder leaves for it.
Result<std::int64_t> set_memory_map(std::uint64_t argument) {
    const auto request = TRY(GuestPointer<xen_foreign_memory_map_t>(argument).read());
    if (request.map.nr_entries > GuestMemoryMap::most) return refuse(Error::invalid);
    Domain* const domain = TRY(domain_for_memory(DomainId(request.domid)));
    GuestMemoryMap map;
    map.count = request.map.nr_entries;
    TRY(GuestPointer<MapEntry>(reinterpret_cast<std::uint64_t>(request.map.buffer.p))
            .read(std::span(map.entries).first(map.count)));
    domain->memory_map.with([&](GuestMemoryMap& set) { set = map; });
    return 0;
}

Result<std::int64_t> memory_map(std::uint64_t argument) {
    const GuestPointer<xen_memory_map_t> pointer(argument);
    auto request = TRY(pointer.read());
    const GuestMemoryMap map = running().domain.memory_map.with([](const GuestMemoryMap& set) { return set; });
    if (map.count == 0) return refuse(Error::not_implemented);
    request.nr_entries = std::min(request.nr_entries, static_cast<std::uint32_t>(map.count));
    TRY(GuestPointer<MapEntry>(reinterpret_cast<std::uint64_t>(request.buffer.p))
            .write(std::span<const MapEntry>(map.entries).first(request.nr_entries)));
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

namespace {

// PV guests have a grant table, whose status frames would belong to version 2, and nothing else of the kind.
Result<> check_resource(const xen_mem_acquire_resource_t& request) {
    const bool is_known = request.type <= XENMEM_resource_vmtrace_buf;
    if (request.type != XENMEM_resource_grant_table) return refuse(is_known ? Error::invalid : Error::not_supported);
    if (request.id != XENMEM_resource_grant_table_id_shared) return refuse(Error::invalid);
    return {};
}

// A frame of the grant table, which grows as far as that.
Result<Mfn> grant_frame(Domain& domain, std::uint64_t number) {
    if (number >= domain.grants.limit()) return refuse(Error::invalid);
    if (!TRY(grow_in_turns(domain.grants, static_cast<std::uint32_t>(number) + 1))) return refuse(Error::no_memory);
    return domain.grants.frame(static_cast<std::uint32_t>(number));
}

}    // namespace

// Frames that a domain and Basalt share, for tools to map. Without a list: how many there may be.
Result<std::int64_t> acquire_resource(std::uint64_t argument) {
    const GuestPointer<xen_mem_acquire_resource_t> pointer(argument);
    auto request = TRY(pointer.read());
    constexpr std::uint64_t last_frame = std::numeric_limits<std::uint32_t>::max();
    if (request.pad != 0 || request.frame > last_frame - request.nr_frames) return refuse(Error::invalid);
    if (request.domid == DOMID_SELF) return refuse(Error::no_such_process);
    Domain* const domain = TRY(living_domain(DomainId(request.domid)));
    if (domain == &running().domain) return refuse(Error::not_permitted);
    TRY(check_resource(request));
    const GuestPointer<xen_pfn_t> list(reinterpret_cast<std::uint64_t>(request.frame_list.p));
    if (list.is_null()) {
        if (request.nr_frames != 0) return refuse(Error::invalid);
        request.nr_frames = domain->grants.limit();
        TRY(pointer.write(request));
        return 0;
    }
    if (request.nr_frames == 0 || request.nr_frames > domain->grants.limit()) return refuse(Error::invalid);
    for (std::uint32_t index = 0; index < request.nr_frames; ++index)
        TRY((list + index).write(TRY(grant_frame(*domain, request.frame + index)).raw));
    return 0;
}

}    // namespace basalt::hypercalls
