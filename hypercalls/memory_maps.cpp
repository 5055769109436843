#include <algorithm>
#include <limits>

#include "abi/memory.hpp"
#include "abi/xen.hpp"
#include "hypercalls/memory_calls.hpp"
#include "machine/boot_info.hpp"
#include "machine/page_tables.hpp"

namespace basalt::hypercalls {
// The machine's memory as its firmware lists it, unmodified. Without a list: how many entries it has.
Result<> machine_memory_map(xen_memory_map_t& request) {
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
    return {};
}

// The map that a domain's builder leaves for it.
Result<> set_memory_map(Subject subject, const xen_foreign_memory_map_t& request) {
    if (request.map.nr_entries > GuestMemoryMap::most) return refuse(Error::invalid);
    Domain* const domain = TRY(subject);
    GuestMemoryMap map;
    map.count = request.map.nr_entries;
    TRY(GuestPointer<MapEntry>(reinterpret_cast<std::uint64_t>(request.map.buffer.p))
            .read(std::span(map.entries).first(map.count)));
    domain->memory_map.with([&](GuestMemoryMap& set) { set = map; });
    return {};
}

Result<> memory_map(xen_memory_map_t& request) {
    const GuestMemoryMap map = running().domain.memory_map.with([](const GuestMemoryMap& set) { return set; });
    if (map.count == 0) return refuse(Error::not_implemented);
    request.nr_entries = std::min(request.nr_entries, static_cast<std::uint32_t>(map.count));
    return GuestPointer<MapEntry>(reinterpret_cast<std::uint64_t>(request.buffer.p))
        .write(std::span<const MapEntry>(map.entries).first(request.nr_entries));
}

Result<xen_machphys_mapping_t> machphys_mapping() {
    constexpr std::uint64_t size = std::uint64_t{256} << 30;    // half of L4 slot 256
    // Dom0 stays on this machine, and meets device memory all the time: it is told where RAM ends.
    const auto frames = caller_is_privileged() ? memory_views.end.raw : size / sizeof(std::uint64_t);
    return xen_machphys_mapping_t{.v_start = layout::guest_m2p, .v_end = layout::guest_m2p + size, .max_mfn = frames - 1};
}

// The frames that hold the M2P, one for each 2 MiB piece of it; where there is none, the one before is
// repeated.
Result<> machphys_mfn_list(xen_machphys_mfn_list_t& request) {
    constexpr std::uint64_t piece_shift = 30 - page_shift;    // 2 MiB of entries describe 1 GiB
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
    return {};
}

namespace {

// PV guests have a grant table, whose status frames would belong to version 2, and nothing else of the kind.
Result<> check_resource(const xen_mem_acquire_resource_t& request) {
    const bool is_known = request.type <= XENMEM_resource_vmtrace_buf;
    if (request.type != XENMEM_resource_grant_table) return refuse(is_known ? Error::invalid : Error::not_supported);
    if (request.id != XENMEM_resource_grant_table_id_shared) return refuse(Error::invalid);
    return {};
}

}    // namespace

// Frames that a domain and Basalt share, for tools to map. Without a list: how many there may be, and only then the structure
// is written.
Result<> acquire_resource(Subject subject, Placed<xen_mem_acquire_resource_t>& placed) {
    xen_mem_acquire_resource_t& request = placed.value;
    constexpr std::uint64_t last_frame = std::numeric_limits<std::uint32_t>::max();
    if (request.pad != 0 || request.frame > last_frame - request.nr_frames) return refuse(Error::invalid);
    Domain* const domain = TRY(subject);
    TRY(check_resource(request));
    const GuestPointer<xen_pfn_t> list(reinterpret_cast<std::uint64_t>(request.frame_list.p));
    if (list.is_null()) {
        if (request.nr_frames != 0) return refuse(Error::invalid);
        request.nr_frames = domain->grants.limit();
        return placed.tell();
    }
    if (request.nr_frames == 0 || request.nr_frames > domain->grants.limit()) return refuse(Error::invalid);
    for (std::uint32_t index = 0; index < request.nr_frames; ++index)
        TRY((list + index).write(TRY(grant_frame(*domain, request.frame + index)).raw));
    return {};
}

}    // namespace basalt::hypercalls
