// Which grants are in use, counted anew from the mappings of all domains. The machine stands still meanwhile.
#pragma once

#include <optional>
#include <span>

#include "core/finding.hpp"
#include "grants/grant_table.hpp"

namespace basalt::grants {

// One granter at a time: what each domain has mapped of it is counted, then compared with the granter's own records.
class Audit {
public:
    // Of a table: room for so many counts serves any domain.
    static std::size_t most_entries() { return limits().frames * entries_in_frame; }

    Audit(GrantTable& granter, std::span<Pins> counts);

    void count(GrantTable& mapper);
    std::optional<Finding> first_finding();

private:
    void count(GrantTable& mapper, Handle handle, const Mapping& mapping);
    std::optional<Finding> wrong_with(GrantRef reference, const ActiveEntry& noted) const;
    void find(const GrantTable& whose, std::string_view kind, std::uint64_t number, std::string_view what, std::uint64_t found,
              std::uint64_t expected);

    GrantTable& granter_;
    std::span<Pins> counts_;                 // by reference
    std::optional<Finding> in_mappings_;     // the first
};

// A domain's own records of what it has mapped: handles in use and free ones, and that the granters are there.
std::optional<Finding> wrong_with_mappings(GrantTable& mapper);

// Each handle that is in use. No lock is held meanwhile: a granter's is of the same rank.
template <typename Action>
void for_each_mapping(GrantTable& mapper, Action&& action) {
    const auto end = mapper.mappings.with([](MapTrack& track) { return track.end_of_handles(); });
    for (Handle handle(0); handle.raw < end; ++handle) {
        const Mapping mapping = mapper.mappings.with([&](MapTrack& track) { return *track.find(handle); });
        if (mapping.state != Mapping::State::free) action(handle, mapping);
    }
}

// Whether a mapping of this domain's lends it the frame.
bool has_mapped(GrantTable& mapper, Mfn frame, bool writable);

// Seam, for the audit alone: whether this is some domain's table.
bool is_a_table(const GrantTable* table);

}  // namespace basalt::grants
