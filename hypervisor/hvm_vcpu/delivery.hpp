// What becomes of an event that the processor was delivering when it left the guest, and of one that meets it. APM 2, 8.2.9
// and 15.20.
#pragma once

#include "machine/guest_state.hpp"
#include "machine/registers.hpp"

namespace basalt::delivery {

// INT n, INT3 and INTO have not been executed yet: the guest comes to them again, and would return to them otherwise.
constexpr Event again(Event delivered) {
    const bool is_executed_again = delivered.kind() == Event::Kind::software_interrupt ||
                                   (delivered.kind() == Event::Kind::exception &&
                                    (delivered.vector() == vector::breakpoint || delivered.vector() == vector::overflow));
    return delivered.valid() && !is_executed_again ? delivered : Event();
}

constexpr bool contributes(std::uint8_t vector) {
    return vector == vector::divide_error || (vector >= vector::invalid_tss && vector <= vector::general_protection);
}

// APM 2, table 8-4: a second exception while a first is delivered.
constexpr bool doubles(std::uint8_t first, std::uint8_t second) {
    if (first == vector::page_fault) return second == vector::page_fault || contributes(second);
    return contributes(first) && contributes(second);
}

struct Met {
    Event first;   // to be delivered now
    Event later;   // an interrupt or an NMI that nobody will say again: when the guest lets it in
    bool is_shutdown = false;
};

// An exception, where `due` was to be delivered or was being.
constexpr Met meets(Event due, Event exception) {
    if (!due.valid()) return {exception, {}};
    if (due.kind() == Event::Kind::interrupt || due.kind() == Event::Kind::nmi) return {exception, due};
    if (due.kind() != Event::Kind::exception) return {exception, {}};
    if (due.vector() == vector::double_fault) return {due, {}, true};
    return {doubles(due.vector(), exception.vector()) ? Event(vector::double_fault, 0) : exception, {}};
}

}   // namespace basalt::delivery
