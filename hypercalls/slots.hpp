// Which handler the number of each hypercall leads to: made of the list of families while compiling.
#pragma once

#include <array>

#include "hypercalls/call.hpp"
#include "table/families.hpp"

namespace basalt::hypercalls {

using table::Asker;
using table::Family;

void number_used_twice();     // never defined: reaching it while compiling stops the build

inline constexpr std::size_t hypercall_slots = 64;
using Slots = std::array<Handler, hypercall_slots>;

Ending not_implemented(Call call);
Ending not_permitted(Call call);

template <const Family& family>
consteval Handler handler_of() {
    constexpr bool acts = requires { &hypercall<family>; };
    static_assert(acts || family.is_left_out(), "the family is not bound: its table declares no hypercall<> for it");
    static_assert(!acts || !family.is_left_out(), "the family is bound, and left out");
    if constexpr (acts)
        return hypercall<family>;
    else
        return not_implemented;
}

// Who may call is decided by the slots: the privileged have others than the rest, and so has each kind of guest.
template <const Family&... family>
consteval Slots slots_for(GuestKind kind, Asker asker, table::FamilyList<family...>) {
    Slots slots{};
    const auto place = [&](const Family& one, Handler handler) {
        if (!one.guests.has(kind)) return;
        if (slots[one.number] != nullptr) number_used_twice();
        const bool refused = handler != not_implemented && one.asker == Asker::privileged && asker == Asker::anyone;
        slots[one.number] = refused ? not_permitted : handler;
    };
    (place(family, handler_of<family>()), ...);
    for (Handler& slot : slots)
        if (slot == nullptr) slot = not_implemented;
    return slots;
}

}  // namespace basalt::hypercalls
