#include "apic/saved.hpp"

#include "apic/audit.hpp"
#include "apic/local_apic.hpp"

namespace basalt::apic {
namespace {

constexpr Register after(Register first, unsigned index) {
    return static_cast<Register>(static_cast<std::uint32_t>(first) + index * register_step);
}

Vectors vectors(const Saved& saved, Register first) {
    Vectors found;
    for (unsigned index = 0; index < Vectors::parts; ++index) found.set_part(index, saved.at(after(first, index)));
    return found;
}

// An x2APIC's follows from its id. Older Xen made it of the vcpu's number: a guest that has seen that one keeps it.
std::uint32_t logical_id(const Saved& saved, VcpuId vcpu) {
    const std::uint32_t told = saved.at(Register::logical_destination);
    if ((saved.base & base::extended) == 0) return told & narrow_id;
    return told == extended_logical_id(vcpu.raw) ? told : extended_logical_id(id_of(vcpu));
}

void load_entries(State& state, const Saved& saved) {
    for (unsigned index = 0; index < entry::count; ++index) {
        const Register which = after(Register::timer, index);
        state.entries[index] = saved.at(which) & entry::kept(which) & ~entry::timer_mode;
        if (!state.is_software_enabled()) state.entries[index] |= entry::masked;
    }
}

Result<LocalTimer> timer(const Saved& saved, Now now) {
    LocalTimer made;
    made.mode = static_cast<TimerMode>((saved.at(Register::timer) & entry::timer_mode) >> 17);
    made.divide = saved.at(Register::divide) & divide_kept;
    const std::uint32_t initial = saved.at(Register::initial_count);
    const std::uint32_t left = saved.beside(Register::current_count) ? saved.at(Register::current_count) : initial;
    if (left > initial) return refuse(Error::invalid);
    made.start(initial, now);
    if (made.counts()) made.start_from(left, now);
    made.set_deadline(Tsc(saved.tsc_deadline));
    return made;
}

}  // namespace

Saved LocalApic::save(Now now) {
    fire(now);
    Saved made{.base = state_.base, .timer_divisor = state_.timer.divisor(), .tsc_deadline = tsc_deadline(now).raw};
    if (!state_.is_on()) made.disabled |= Saved::hardware_disabled;
    if (!state_.is_software_enabled()) made.disabled |= Saved::software_disabled;
    for (std::uint32_t offset = 0; offset < registers_end; offset += register_step) {
        const auto which = static_cast<Register>(offset);
        made.at(which) = shown(which, now);
    }
    made.beside(Register::error_status) = state_.errors;
    made.beside(Register::current_count) = 1;
    return made;
}

Result<LocalApic> LocalApic::load(VcpuId vcpu, const Saved& saved, Now now) {
    State state = initial_state(vcpu, saved.base);
    state.task_priority = static_cast<std::uint8_t>(saved.at(Register::task_priority));
    if (state.is_on()) {
        state.requested = vectors(saved, Register::requested);
        state.in_service = vectors(saved, Register::in_service);
        state.level_triggered = vectors(saved, Register::level_triggered);
        state.timer = TRY(timer(saved, now));
        state.logical = logical_id(saved, vcpu);
        state.format = saved.at(Register::destination_format) | format_fixed;
        state.command_low = saved.at(Register::command_low) & command::kept;
        state.command_high = saved.at(Register::command_high) & (state.is_extended() ? ~0u : narrow_id);
        state.spurious = saved.at(Register::spurious) & spurious::kept;
        load_entries(state, saved);
        state.errors = saved.beside(Register::error_status) & errors::kept;
        state.errors_shown = saved.at(Register::error_status) & errors::kept;
    }
    if (wrong_with(DomainId{}, state)) return refuse(Error::invalid);
    return LocalApic(state);
}

}  // namespace basalt::apic
