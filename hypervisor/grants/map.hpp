// Mapping a grant, and ending that: GNTTABOP_map_grant_ref, unmap_grant_ref and unmap_and_replace, one request each.
#pragma once

#include <array>
#include <optional>

#include "grants/use.hpp"

namespace basalt::grants {

struct Mapped {
    Handle handle;
    Mfn frame;
};

// `flags`: GNTMAP_*. `host_addr` is an address of the mapper's, or with GNTMAP_contains_pte of an entry. `kept`: what the other
// requests of the same list keep, if there are any.
StatusOr<Mapped> map(GrantTable& mapper, GrantTable& granter, GrantRef reference, std::uint64_t host_addr, std::uint32_t flags,
                     KeptTable* kept = nullptr);

// What is to be unmapped of a mapping. An address that is 0 leaves that part as it is.
struct UnmapRequest {
    Handle handle;
    std::uint64_t host_addr = 0;
    std::uint64_t device_addr = 0;
    std::optional<std::uint64_t> instead;   // unmap_and_replace
};

// A mapping that no entry shows any more. When this is destroyed, after translations have been forgotten, its granter is told.
class Unmapped {
public:
    static StatusOr<Unmapped> begin(GrantTable& mapper, const UnmapRequest& request, KeptTable* kept = nullptr);
    Unmapped(Unmapped&& other) noexcept
        : mapper_(std::exchange(other.mapper_, nullptr)), handle_(other.handle_), over_(other.over_) {}
    Unmapped& operator=(Unmapped&&) = delete;
    ~Unmapped() {
        if (mapper_) finish();
    }

private:
    Unmapped(GrantTable& mapper, Handle handle, std::uint32_t over) : mapper_(&mapper), handle_(handle), over_(over) {}
    friend std::optional<std::uint32_t> end_mappings(GrantTable&, std::uint32_t, std::uint32_t);
    void finish();

    GrantTable* mapper_;
    Handle handle_;
    std::uint32_t over_;   // of GNTMAP_host_map and device_map: which end
};

// Mappings that end together and share one flush: when this is destroyed, no CPU remembers them any more, and then their
// granters are told.
class UnmappedGroup {
public:
    static constexpr std::uint32_t most = 16;

    explicit UnmappedGroup(GrantTable& mapper) : mapper_(mapper) {}
    ~UnmappedGroup();
    UnmappedGroup(const UnmappedGroup&) = delete;
    UnmappedGroup& operator=(const UnmappedGroup&) = delete;

    Status unmap(const UnmapRequest& request, KeptTable* kept = nullptr);

private:
    GrantTable& mapper_;
    std::uint32_t count_ = 0;
    std::array<std::optional<Unmapped>, most> unmapped_;
};

// Death of the mapper, whose page tables are out of use: what it has mapped is over. `count` handles from `first` on; the
// handle to go on from, or nothing when all are done.
std::optional<std::uint32_t> end_mappings(GrantTable& mapper, std::uint32_t first, std::uint32_t count);

}   // namespace basalt::grants
