// How a domain ends: destroydomain, step by step.
#pragma once

#include <atomic>
#include <cstdint>

#include "domain/passage.hpp"

namespace basalt {

class Domain;

// Where the end of a domain has got to.
struct EndProgress {
    enum class Stage : std::uint8_t { not_begun, passing, ports, mappings, vcpus, nested, frames, over };
    Stage stage = Stage::not_begun;
    Passage passage = 0;
    std::uint64_t cursor = 0;   // of the stage
};

// A domain's place in the lists of domain_list.cpp.
struct DomainLinks {
    std::atomic<Domain*> next{nullptr};
    std::atomic<Domain*> next_in_bucket{nullptr};
    Domain* next_dead = nullptr;
    Passage unlisted = 0;
};

// VIRQ_DOM_EXC to the privileged domain: a domain has shut down, has given up what it had, or is gone. As on Xen.
void tell_tools_of_end();

}  // namespace basalt
