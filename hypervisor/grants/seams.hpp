// What grants ask of the rest of Basalt.
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/frame_reference.hpp"

namespace basalt::grants {

// A zeroed page that the domain may map, and that Basalt writes; and back.
Result<Mfn> take_shared_frame(DomainId domain);
void give_shared_frame(Mfn frame);
// A page of zeroes for Basalt's own records, and back.
Result<void*> take_record_page();
void give_record_page(void* page);

// The machine's number of what the domain, which numbers its frames itself, calls so. Nothing holds it. no_entry.
Result<Mfn> numbered_by_itself(DomainId domain, std::uint64_t number);

// The frame as a writable page of its owner, checked as paging/ does.
Result<FrameUse> hold_writable(Mfn frame, DomainId owner);

// What the guest's kind keeps from one request of a call to the next, for most are about the same table: guests/kept_table.hpp.
class KeptTable;

// Where the running vcpu's domain wants a grant: an address of its own, or the machine address of an L1 entry.
struct Place {
    std::uint64_t where = 0;
    bool is_entry = false;   // GNTMAP_contains_pte
    KeptTable* kept = nullptr;
};

// The entry there comes to map the frame of `owner`. `flags`: GNTMAP_*. again: nothing was done.
Result<> map_there(Place place, Mfn frame, DomainId owner, std::uint32_t flags);
// If the entry there maps the frame, writable or not as the mapping was made, it becomes empty, or what is mapped at
// `instead`, which becomes empty. Translations are forgotten later, for many at once.
struct Lent {
    Mfn frame;
    bool writable;
    friend constexpr bool operator==(const Lent&, const Lent&) = default;
};
Result<> unmap_there(Place place, Lent lent, std::optional<std::uint64_t> instead);

// No CPU remembers what the running vcpu's domain had mapped before.
void forget_translations();

}   // namespace basalt::grants
