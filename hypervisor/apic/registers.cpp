// What registers show, and what a write makes of them, whichever way it comes.
#include "apic/local_apic.hpp"

namespace basalt::apic {
namespace {

constexpr std::uint32_t offset_of(Register which) { return static_cast<std::uint32_t>(which); }

// One of eight that show a set of vectors.
std::optional<unsigned> part_of(Register first, Register which) {
    const std::uint32_t offset = offset_of(which) - offset_of(first);
    if (offset >= Vectors::parts * register_step) return std::nullopt;
    return offset / register_step;
}

}  // namespace

std::uint32_t LocalApic::shown(Register which, Now now) const {
    if (entry::is(which)) {
        const auto mode = which == Register::timer ? static_cast<std::uint32_t>(state_.timer.mode) << 17 : 0;
        return entry_of(which) | mode;
    }
    if (const auto part = part_of(Register::in_service, which)) return state_.in_service.part(*part);
    if (const auto part = part_of(Register::level_triggered, which)) return state_.level_triggered.part(*part);
    if (const auto part = part_of(Register::requested, which)) return state_.requested.part(*part);
    switch (which) {
        case Register::id: return is_extended() ? id_of(state_.vcpu) : id_of(state_.vcpu) << 24;
        case Register::version: return version;
        case Register::task_priority: return state_.task_priority;
        case Register::processor_priority: return processor_priority();
        case Register::logical_destination: return state_.logical;
        case Register::destination_format: return state_.format;
        case Register::spurious: return state_.spurious;
        case Register::error_status: return state_.errors_shown;
        case Register::command_low: return state_.command_low;
        case Register::command_high: return state_.command_high;
        case Register::initial_count: return state_.timer.initial_count;
        case Register::current_count: return state_.timer.current_count(now);
        case Register::divide: return state_.timer.divide;
        default: return 0;    // the arbitration priority too: not of this version
    }
}

Effect LocalApic::set(Register which, std::uint32_t value, Now now) {
    if (entry::is(which)) return set_entry(which, value, now);
    switch (which) {
        case Register::task_priority: set_task_priority(static_cast<std::uint8_t>(value)); return {};
        case Register::end_of_interrupt: return Effect(end());
        case Register::logical_destination: state_.logical = value & narrow_id; return Effect(Effect::Kind::address);
        case Register::destination_format: state_.format = value | format_fixed; return Effect(Effect::Kind::address);
        case Register::spurious: return set_spurious(value, now);
        case Register::error_status:
            state_.errors_shown = state_.errors;
            state_.errors = 0;
            return {};
        case Register::command_high: state_.command_high = value & narrow_id; return {};
        case Register::command_low: state_.command_low = value & command::kept; return send(state_.command_low);
        case Register::self_interrupt: return send((value & 0xff) | static_cast<std::uint32_t>(Shorthand::self) << 18);
        case Register::initial_count:
        case Register::divide: return set_timer(which, value, now);
        default: return {};
    }
}

// The timer's end that came before a write had what its entry said then.
Effect LocalApic::set_spurious(std::uint32_t value, Now now) {
    const bool was_enabled = state_.is_software_enabled();
    fire(now);
    state_.spurious = value & spurious::kept;
    if (state_.is_software_enabled() == was_enabled) return {};
    if (was_enabled)
        for (auto& local : state_.entries) local |= entry::masked;
    return Effect(Effect::Kind::enable);
}

Effect LocalApic::set_entry(Register which, std::uint32_t value, Now now) {
    const bool is_timer = which == Register::timer;
    if (is_timer) {
        fire(now);
        state_.timer.set_mode(static_cast<TimerMode>((value & entry::timer_mode) >> 17));
    }
    if (!state_.is_software_enabled()) value |= entry::masked;
    state_.entries[entry::index(which)] = value & entry::kept(which) & ~(is_timer ? entry::timer_mode : 0);
    return is_timer ? Effect(Effect::Kind::timer) : Effect();
}

Effect LocalApic::set_timer(Register which, std::uint32_t value, Now now) {
    fire(now);
    if (which == Register::initial_count) {
        state_.timer.start(value, now);
    } else {
        state_.timer.set_divide(static_cast<std::uint8_t>(value & divide_kept), now);
    }
    return Effect(Effect::Kind::timer);
}

// SDM 11.6.1. All that is sent is edge-triggered; one to itself alone needs nobody else.
Effect LocalApic::send(std::uint32_t low) {
    const auto vector = static_cast<std::uint8_t>(low & command::vector);
    const auto shorthand = static_cast<Shorthand>((low & command::shorthand) >> 18);
    const auto mode = static_cast<Command::Mode>((low & command::mode) >> 8);
    switch (mode) {
        case Command::Mode::fixed:
        case Command::Mode::lowest_priority:
            if (vector < first_vector) {
                note_error(errors::sent_illegal_vector);
                return {};
            }
            if (shorthand == Shorthand::self) {
                accept(vector, Trigger::edge);
                return {};
            }
            break;
        case Command::Mode::init:
            if ((low & (command::level | command::assert)) == command::level) return {};    // de-assert: of old buses
            break;
        case Command::Mode::nmi:
        case Command::Mode::start_up: break;
        default: return {};    // SMI, and what is reserved
    }
    const bool wide = is_extended();
    const std::uint32_t id = wide ? state_.command_high : state_.command_high >> 24;
    return Effect(Command{mode, vector, {shorthand, (low & command::logical) != 0, wide, id}});
}

}  // namespace basalt::apic
