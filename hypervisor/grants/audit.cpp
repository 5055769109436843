#include "grants/audit.hpp"

#include "abi/grant_table.hpp"

#include <algorithm>
#include <bit>

namespace basalt::grants {
namespace {

constexpr std::uint64_t as_number(const Pins& pins) { return std::bit_cast<std::uint64_t>(pins); }

Finding differs(const GrantTable& whose, Handle handle, std::string_view what, std::uint64_t found, std::uint64_t expected) {
    return {whose.self(), "mapping", handle.raw, what, found, expected};
}

std::uint32_t count_free(GrantTable& mapper) {
    return mapper.mappings.with([](MapTrack& track) {
        std::uint32_t free = 0;
        for (Handle handle(0); handle.raw < track.end_of_handles(); ++handle)
            if (track.find(handle)->state == Mapping::State::free) ++free;
        return free;
    });
}

}  // namespace

Audit::Audit(GrantTable& granter, std::span<Pins> counts) : granter_(granter), counts_(counts) {
    std::ranges::fill(counts_.first(granter.frame_count() * entries_in_frame), Pins{});
}

void Audit::find(const GrantTable& whose, std::string_view kind, std::uint64_t number, std::string_view what,
                 std::uint64_t found, std::uint64_t expected) {
    if (!in_mappings_) in_mappings_ = Finding{whose.self(), kind, number, what, found, expected};
}

void Audit::count(GrantTable& mapper) {
    for_each_mapping(mapper, [&](Handle handle, const Mapping& mapping) {
        if (mapping.granter == &granter_) count(mapper, handle, mapping);
    });
}

void Audit::count(GrantTable& mapper, Handle handle, const Mapping& mapping) {
    const auto noted = granter_.active_entry(mapping.reference);
    if (!noted) return find(mapper, "mapping", handle.raw, "grant that is not there", mapping.reference.raw, 0);
    if (noted->grantee != mapper.self())
        find(granter_, "grant", mapping.reference.raw, "grantee", noted->grantee.raw, mapper.self().raw);
    if (noted->frame != mapping.frame) find(granter_, "grant", mapping.reference.raw, "frame", noted->frame, mapping.frame);
    for (const bool by_device : {false, true})
        if ((mapping.flags & (by_device ? GNTMAP_device_map : GNTMAP_host_map)) != 0)
            counts_[mapping.reference.raw].add({by_device, mapping.writing()});
}

std::optional<Finding> Audit::wrong_with(GrantRef reference, const ActiveEntry& noted) const {
    const Pins& counted = counts_[reference.raw];
    if (noted.pins == counted) return std::nullopt;
    return Finding{granter_.self(), "grant", reference.raw, "pins", as_number(noted.pins), as_number(counted)};
}

std::optional<Finding> Audit::first_finding() {
    if (in_mappings_) return in_mappings_;
    const auto end = granter_.frame_count() * entries_in_frame;
    for (GrantRef reference(0); reference.raw < end; ++reference)
        if (auto wrong = wrong_with(reference, *granter_.active_entry(reference))) return wrong;
    return std::nullopt;
}

std::optional<Finding> wrong_with_mappings(GrantTable& mapper) {
    std::optional<Finding> first;
    for_each_mapping(mapper, [&](Handle handle, const Mapping& mapping) {
        if (first) return;
        if (mapping.state != Mapping::State::live)
            first = differs(mapper, handle, "state", static_cast<unsigned>(mapping.state),
                            static_cast<unsigned>(Mapping::State::live));
        else if ((mapping.flags & (GNTMAP_host_map | GNTMAP_device_map)) == 0)
            first = differs(mapper, handle, "flags of a live one", mapping.flags, GNTMAP_host_map);
        else if (!is_a_table(mapping.granter))
            first = differs(mapper, handle, "granter who is not there", reinterpret_cast<std::uintptr_t>(mapping.granter), 0);
    });
    if (first) return first;
    const auto listed = mapper.mappings.with([](MapTrack& track) { return track.count_free_list(); });
    if (const auto counted = count_free(mapper); listed != counted)
        return Finding{mapper.self(), "mapping", 0, "number of free ones", listed, counted};
    return std::nullopt;
}

bool has_mapped(GrantTable& mapper, Mfn frame, bool writable) {
    bool found = false;
    for_each_mapping(mapper, [&](Handle, const Mapping& mapping) {
        if (Mfn(mapping.frame) == frame && (mapping.writing() || !writable)) found = true;
    });
    return found;
}

}  // namespace basalt::grants
