// A domain's grant table, version 1. Embedded in Domain.
//
// The shared pages are the guest's to write: every entry is read once, checked and marked by compare-exchange. What
// Basalt believes of an entry in use is in its own `active` record beside it.
#pragma once

#include <array>
#include <cstdint>

#include "core/lock.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "hypercalls/abi.hpp"

namespace basalt::grants {

inline constexpr std::uint32_t most_frames = 64;      // what Xen allows by default
inline constexpr std::uint32_t entries_in_frame = page_size / sizeof(grant_entry_v1_t);

// Seam: a zeroed page that the domain may map writable (as Xen's own, XENMEM gnttab frames), and back. It is in the direct map.
Result<Mfn> take_shared_frame(DomainId domain);
void give_shared_frame(Mfn frame);

struct Frames {
    std::array<Mfn, most_frames> shared{};
    std::uint32_t count = 0;
};

class GrantTable {
public:
    explicit GrantTable(DomainId self, std::uint32_t limit = most_frames) : self_(self), limit_(limit) {}
    GrantTable(const GrantTable&) = delete;
    GrantTable& operator=(const GrantTable&) = delete;

    DomainId self() const { return self_; }
    std::uint32_t limit() const { return limit_; }
    void limit_frames(std::uint32_t limit) { limit_ = limit; }

    // At least so many frames; never fewer than before. invalid: more than the limit; no_memory.
    Result<> grow(std::uint32_t frames);
    std::uint32_t frame_count();
    Result<Mfn> frame(std::uint32_t index);   // for setup_table, add_to_physmap, acquire_resource

    // Death, after the last mapping is gone.
    void clear();

private:
    DomainId self_;
    std::uint32_t limit_;
    Guarded<Frames, Rank::grant_table> frames_;
};

}  // namespace basalt::grants
