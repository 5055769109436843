#include "apic/audit.hpp"

#include <array>
#include <bit>

namespace basalt::apic {
namespace {

// A claim about a part of the state: what it is, and what it may be.
struct Word {
    std::string_view what;
    std::uint64_t found;
    std::uint64_t expected;

    bool is_wrong() const { return found != expected; }
};
using Wrong = std::optional<Word>;

constexpr Word within(std::string_view what, std::uint64_t found, std::uint64_t allowed) {
    return {what, found, found & allowed};
}

template <std::size_t Count>
Wrong first_wrong(const std::array<Word, Count>& words) {
    for (const Word& word : words)
        if (word.is_wrong()) return word;
    return std::nullopt;
}

Wrong wrong_with_base(const State& state) {
    constexpr auto kept = base::address | base::first_processor | base::extended | base::enabled;
    return first_wrong(std::array{
        within("base", state.base, kept),
        within("base of an x2APIC that is off", state.base, state.is_on() ? ~std::uint64_t{0} : ~base::extended),
    });
}

Wrong wrong_with_vectors(const State& state) {
    constexpr std::uint32_t exceptions = (1u << first_vector) - 1;
    for (const Vectors* const set : {&state.requested, &state.in_service, &state.level_triggered})
        if (const Word low = within("vector of an exception", set->part(0), ~exceptions); low.is_wrong()) return low;
    for (unsigned part = 0; part < Vectors::parts; ++part)
        for (const std::uint32_t serving : {state.in_service.part(part) & 0xffff, state.in_service.part(part) >> 16})
            if (std::popcount(serving) > 1) return Word{"two in service of one class", serving, std::bit_floor(serving)};
    return std::nullopt;
}

// Rule B.
Wrong wrong_with_entries(const State& state) {
    for (unsigned index = 0; index < entry::count; ++index) {
        const auto which = static_cast<Register>(static_cast<std::uint32_t>(Register::timer) + index * register_step);
        const std::uint32_t found = state.entries[index];
        const Word bits = within("local entry", found, entry::kept(which) & ~entry::timer_mode);
        if (bits.is_wrong()) return bits;
        if (!state.is_software_enabled() && !(found & entry::masked))
            return Word{"local entry that is not masked", found, found | entry::masked};
    }
    return std::nullopt;
}

Word wrong_with_logical_id(const State& state) {
    if (!state.is_extended()) return within("logical id", state.logical, narrow_id);
    const auto of_number = extended_logical_id(state.vcpu.raw);    // from older Xen
    const auto expected = state.logical == of_number ? of_number : extended_logical_id(id_of(state.vcpu));
    return {"logical id of an x2APIC", state.logical, expected};
}

Wrong wrong_with_registers(const State& state) {
    return first_wrong(std::array{
        wrong_with_logical_id(state),
        Word{"destination format", state.format, state.format | format_fixed},
        within("command", state.command_low, command::kept),
        within("command's destination", state.command_high, state.is_extended() ? ~0u : narrow_id),
        within("spurious vector", state.spurious, spurious::kept),
        within("errors", state.errors, errors::kept),
        within("errors that were told", state.errors_shown, errors::kept),
    });
}

// Rule D.
Wrong wrong_with_timer(const LocalTimer& timer) {
    const bool by_tsc = timer.mode == TimerMode::tsc_deadline;
    return first_wrong(std::array{
        within("divide configuration", timer.divide, divide_kept),
        Word{"initial count in a mode without", timer.initial_count, timer.counts() ? timer.initial_count : 0},
        Word{"count that goes on from nothing", timer.zero.has_value(), timer.zero && timer.initial_count != 0},
        Word{"TSC deadline in another mode", timer.tsc_deadline.has_value(), timer.tsc_deadline && by_tsc},
    });
}

// Rule C.
Wrong wrong_with_one_that_is_off(const State& state) {
    State expected = initial_state(state.vcpu, state.base);
    expected.task_priority = state.task_priority;
    if (state.is_on() || state == expected) return std::nullopt;
    return Word{"state of one that is off", 1, 0};
}

}  // namespace

std::optional<Finding> wrong_with(DomainId domain, const State& state) {
    for (const Wrong& wrong : {wrong_with_base(state), wrong_with_vectors(state), wrong_with_entries(state),
                               wrong_with_registers(state), wrong_with_timer(state.timer), wrong_with_one_that_is_off(state)})
        if (wrong) return Finding{domain, "local APIC", state.vcpu.raw, wrong->what, wrong->found, wrong->expected};
    return std::nullopt;
}

}  // namespace basalt::apic
