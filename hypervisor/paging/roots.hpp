// Pins and roots: what keeps a guest's tables checked.
#pragma once

#include "core/again.hpp"
#include "memory/domain_memory.hpp"
#include "memory/frame_reference.hpp"
#include "paging/budget.hpp"

namespace basalt::paging {

Step<> pin(Mfn mfn, unsigned level, DomainMemory& owner, Budget& budget);
Result<> unpin(Mfn mfn, DomainMemory& owner);

// A vcpu's two roots, each with a reference and a use. Embedded by the vcpu; only its own CPU, or whoever has it paused,
// changes them. The caller loads CR3.
struct Roots {
    FrameUse kernel;
    FrameUse user;          // empty: user mode is not set up
};

// new_baseptr and new_user_baseptr. The old root is dropped; its undoing is left to finish_undoing.
Step<> set_kernel_root(Roots& roots, Mfn mfn, DomainMemory& owner, Budget& budget);
Step<> set_user_root(Roots& roots, Mfn mfn, DomainMemory& owner, Budget& budget);   // mfn 0: none

// clear_page and copy_page.
Result<> clear_page(Mfn mfn, DomainMemory& owner);
Result<> copy_page(Mfn from, Mfn to, DomainMemory& owner);

// A dying domain, step by step: unpins, finishes or undoes checks at rest, lets every frame go. Its vcpus' roots, grants and
// maps are gone before. Cursor: the next frame number. Done: nothing of it is held by itself any more, though others may
// still hold frames (DomainMemory::total says).
Step<> release_all(DomainMemory& owner, std::uint64_t cursor, Budget& budget);

}  // namespace basalt::paging
