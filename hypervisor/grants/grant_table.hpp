// A domain's grant table, version 1. Embedded in Domain.
//
// The shared pages are the guest's to write: every entry is read once, checked, and marked by compare-exchange. What
// Basalt knows of an entry in use is in its own record beside it, under the table's lock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/lock.hpp"
#include "core/result.hpp"
#include "grants/limits.hpp"
#include "grants/map_track.hpp"
#include "grants/rules.hpp"
#include "grants/seams.hpp"

namespace basalt::grants {

inline constexpr std::uint32_t most_frames = most_limits.frames;
inline constexpr std::uint32_t entries_in_frame = page_size / sizeof(SharedEntry);

// An entry in use: for whom, and which frame it named when the use began.
struct ActiveEntry {
    std::uint32_t frame = 0;
    DomainId grantee{};
    Pins pins;
};
static_assert(sizeof(ActiveEntry) == 16);

struct Table {
    static constexpr std::uint32_t records_in_page = page_size / sizeof(ActiveEntry);
    static constexpr std::uint32_t record_pages = entries_in_frame / records_in_page;

    std::array<Mfn, most_frames> shared{};
    std::array<ActiveEntry*, most_frames * record_pages> active{};
    std::uint32_t count = 0;
};

class GrantTable {
public:
    // Whether its entries have the machine's numbers, or the domain's own.
    enum class Numbers : std::uint8_t { of_machine, of_domain };
    explicit GrantTable(DomainId self, std::uint32_t limit = limits().frames, Numbers numbers = Numbers::of_machine)
        : self_(self), numbers_(numbers), limit_(limit) {}
    GrantTable(const GrantTable&) = delete;
    GrantTable& operator=(const GrantTable&) = delete;
    ~GrantTable() { clear(); }

    DomainId self() const { return self_; }
    std::uint32_t limit() const { return limit_; }
    void limit_frames(std::uint32_t limit) { limit_ = limit; }   // at most most_frames

    // At least so many frames; never fewer than before. invalid: more than the limit; no_memory.
    Result<> grow(std::uint32_t frames);
    std::uint32_t frame_count();
    Result<Mfn> frame(std::uint32_t index);   // for setup_table, add_to_physmap, acquire_resource

    // Death, after the last mapping is gone.
    void clear();

    // The granter's side: a use of the entry begins and ends. It says which frame is granted; the caller holds that.
    StatusOr<Mfn> pin(GrantRef reference, DomainId grantee, Pin pin);
    void unpin(GrantRef reference, Pin pin);

    // What is noted of an entry's use; nothing where there is no such entry.
    std::optional<ActiveEntry> active_entry(GrantRef reference);

    // The mapper's side: what this domain has mapped of others' grants.
    Guarded<MapTrack, Rank::grant_table> mappings;

private:
    Result<> add_frame(Table& table);
    StatusOr<std::uint32_t> frame_of(SharedEntry& shared) const;

    DomainId self_;
    Numbers numbers_;
    std::uint32_t limit_;
    Guarded<Table, Rank::grant_table> table_;
};

}  // namespace basalt::grants
