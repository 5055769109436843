#include "apic/local_apic.hpp"

#include "core/assert.hpp"

namespace basalt::apic {

LocalApic::LocalApic(VcpuId vcpu) {
    state_.vcpu = vcpu;
    reset();
}

void LocalApic::reset() {
    state_ = initial_state(state_.vcpu, base::at_reset | (state_.vcpu == VcpuId(0) ? base::first_processor : 0));
}

void LocalApic::init() {
    const auto logical = is_extended() ? state_.logical : 0;
    state_ = initial_state(state_.vcpu, state_.base);
    state_.logical = logical;
}

State initial_state(VcpuId vcpu, std::uint64_t base) {
    State state;
    state.vcpu = vcpu;
    state.base = base;
    state.format = format_flat;
    state.spurious = spurious::at_reset;
    state.entries.fill(entry::masked);
    return state;
}

// SDM 11.12.5: on and off, and from xAPIC to x2APIC; the way back leads through off, where all is forgotten.
Result<Effect> LocalApic::set_base(std::uint64_t value) {
    if (value & ~(base::address | base::first_processor | base::extended | base::enabled)) return refuse(Error::invalid);
    const bool on = (value & base::enabled) != 0, extended = (value & base::extended) != 0;
    if (extended && !(on && state_.is_on())) return refuse(Error::invalid);
    if (is_extended() && on && !extended) return refuse(Error::invalid);
    if (value == state_.base) return Effect();
    const bool becomes_extended = extended && !is_extended();
    if (on) {
        state_.base = value;
    } else {
        state_ = initial_state(state_.vcpu, value);
    }
    if (becomes_extended) state_.logical = extended_logical_id(id_of(state_.vcpu));
    return Effect(Effect::Kind::enable);
}

Address LocalApic::address() const {
    using Model = Address::Model;
    const auto id = static_cast<std::uint8_t>(id_of(state_.vcpu));
    if (!state_.is_on()) return {0, id, Model::disabled};
    if (is_extended()) return {state_.logical, id, Model::extended};
    const Model model = state_.format == format_flat      ? Model::flat
                        : state_.format == format_cluster ? Model::cluster
                                                          : Model::physical;
    return {state_.logical >> 24, id, model};
}

bool LocalApic::passes_external() const {
    return !state_.is_on() || (entry_of(Register::local0) & (entry::mode | entry::masked)) == entry::external;
}

bool LocalApic::accept(std::uint8_t vector, Trigger trigger) {
    if (!is_enabled()) return false;
    if (vector < first_vector) return note_error(errors::received_illegal_vector);
    return request(vector, trigger);
}

bool LocalApic::request(std::uint8_t vector, Trigger trigger) {
    const bool is_news = !state_.requested.has(vector);
    state_.requested.add(vector);
    if (trigger == Trigger::level) {
        state_.level_triggered.add(vector);
    } else {
        state_.level_triggered.remove(vector);
    }
    return is_news;
}

std::optional<std::uint8_t> LocalApic::pending_but_for_task_priority() const {
    const auto vector = state_.requested.highest();
    if (!vector || !is_enabled()) return std::nullopt;
    const auto serving = state_.in_service.highest();
    if (serving && class_of(*vector) <= class_of(*serving)) return std::nullopt;
    return vector;
}

void LocalApic::deliver(std::uint8_t vector) {
    ASSERT(state_.requested.has(vector));
    state_.requested.remove(vector);
    state_.in_service.add(vector);
}

// Once for each kind of error until the guest has asked for them. An illegal vector of the entry itself makes no third one.
bool LocalApic::note_error(std::uint32_t error) {
    if (state_.errors & error) return false;
    state_.errors |= static_cast<std::uint8_t>(error);
    const auto local = entry_of(Register::error);
    if (local & entry::masked) return false;
    const auto vector = static_cast<std::uint8_t>(local & entry::vector);
    if (vector >= first_vector) return request(vector, Trigger::edge);
    state_.errors |= static_cast<std::uint8_t>(errors::received_illegal_vector);
    return false;
}

Deadline LocalApic::deadline() const {
    if (entry_of(Register::timer) & entry::masked) return {};
    return state_.timer.deadline();
}

bool LocalApic::fire(Now now) {
    if (!state_.timer.expire(now)) return false;
    const auto local = entry_of(Register::timer);
    if (local & entry::masked) return false;
    return accept(static_cast<std::uint8_t>(local & entry::vector), Trigger::edge);
}

Tsc LocalApic::tsc_deadline(Now now) const {
    const auto& deadline = state_.timer.tsc_deadline;
    return deadline && now.tsc < *deadline ? *deadline : Tsc(0);
}

Effect LocalApic::set_tsc_deadline(Tsc deadline, Now now) {
    if (state_.timer.mode != TimerMode::tsc_deadline) return {};
    fire(now);
    state_.timer.set_deadline(deadline);
    fire(now);    // one that has passed already
    return Effect(Effect::Kind::timer);
}

}  // namespace basalt::apic
