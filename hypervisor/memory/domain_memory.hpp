// A domain's account of frames. Each Domain embeds one; memory/ and paging/ know a domain by nothing else.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/frame_list.hpp"
#include "memory/whereabouts.hpp"

namespace basalt {

struct DomainMemory {
    DomainId id{};
    bool hardware = false;                    // Dom0: may use the reserve, cache attributes and device memory
    std::atomic<bool> dying{false};           // no new frames
    std::atomic<bool> closed{false};          // it has let all its frames go: the last one to return empties the account
    std::atomic<std::uint64_t> total{0};      // frames it owns, as XEN_DOMCTL_getdomaininfo's tot_pages
    std::atomic<std::uint64_t> most{0};       // what max_mem allows
    std::atomic<std::uint64_t> claimed{0};    // frames set aside by claim_pages
    std::atomic<std::uint64_t> nodes{0};      // where its frames had better come from, a bit each; 0: from anywhere
    Whereabouts whereabouts;                  // each frame that it holds, or has held, is in one of these parts
    FrameList to_undo;                        // its tables that have lost their last user: paging/undo.cpp

    explicit DomainMemory(DomainId domain = {}) : id(domain) {}

    // Frames enter the account before they are owned, and leave it after.
    Result<> add(std::uint64_t frames);    // refused: more than it may have, or it is dying
    void remove(std::uint64_t frames);

    // A dying domain holds none of its frames any more; others may.
    void close();

private:
    void tell_if_empty();
    std::atomic<bool> told_{false};
};

// Seams, supplied by domain/. A domain lives as long as it owns a frame. Null for owners that are no domain.
DomainMemory* domain_memory_of(DomainId owner);
// Once, when a closed account has no frames left. Any lock may be held.
void account_is_empty(DomainMemory& memory);

}    // namespace basalt
