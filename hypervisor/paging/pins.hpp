// Pins: what keeps a guest's tables checked while no root names them.
#pragma once

#include "core/again.hpp"
#include "memory/domain_memory.hpp"
#include "memory/frame_reference.hpp"
#include "paging/budget.hpp"

namespace basalt::paging {

Step<> pin(Mfn mfn, PageLevel level, DomainMemory& owner, Budget& budget);
Result<> unpin(Mfn mfn, DomainMemory& owner);

// new_baseptr and new_user_baseptr take Use::l4_table by take_use; the old root's use is dropped once CR3 has
// left it.

// clear_page and copy_page. again: the frame is a table that is being taken apart; nothing has happened.
Result<> clear_page(Mfn mfn, DomainMemory& owner);
Result<> copy_page(Mfn from, Mfn to, DomainMemory& owner);

// A dying domain, step by step: unpins, finishes or undoes checks at rest, lets every frame go. Its vcpus'
// roots, grants and maps are gone before. Cursor: the next frame number. Done: nothing of it is held by
// itself any more, though others may still hold frames (DomainMemory::total says).
Step<> release_all(DomainMemory& owner, std::uint64_t cursor, Budget& budget);

}    // namespace basalt::paging
