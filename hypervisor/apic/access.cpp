// The two ways to the registers: the page of an xAPIC, and the MSRs of an x2APIC.
#include "apic/local_apic.hpp"

namespace basalt::apic {
namespace {

bool is_of_a_set(std::uint32_t offset) {
    return offset >= static_cast<std::uint32_t>(Register::in_service) &&
           offset < static_cast<std::uint32_t>(Register::error_status);
}

// SDM table 11-6; CMCI as on Xen.
bool is_readable_msr(Register which) {
    if (entry::is(which) || is_of_a_set(static_cast<std::uint32_t>(which))) return true;
    switch (which) {
        case Register::id:
        case Register::version:
        case Register::task_priority:
        case Register::processor_priority:
        case Register::logical_destination:
        case Register::spurious:
        case Register::error_status:
        case Register::corrected_errors:
        case Register::command_low:
        case Register::initial_count:
        case Register::current_count:
        case Register::divide: return true;
        default: return false;
    }
}

// The bits that may be written; none for what may not be. Bits 32 to 63 are the command's alone.
std::optional<std::uint64_t> writable_msr(Register which) {
    if (entry::is(which)) return entry::writable(which);
    switch (which) {
        case Register::task_priority: return 0xff;
        case Register::end_of_interrupt:
        case Register::error_status: return 0;
        case Register::spurious: return spurious::enabled | 0xff;
        case Register::corrected_errors: return entry::writable(Register::thermal);
        case Register::command_low: return std::uint64_t{0xffff'ffff} << 32 | command::kept;
        case Register::initial_count: return 0xffff'ffff;
        case Register::divide: return divide_kept;
        case Register::self_interrupt: return 0xff;
        default: return std::nullopt;
    }
}

}  // namespace

std::optional<std::uint64_t> LocalApic::page() const {
    if (!state_.is_on() || is_extended()) return std::nullopt;
    return state_.base & base::address;
}

std::uint32_t LocalApic::read(std::uint32_t offset, Now now) const {
    if (offset % register_step != 0 || offset >= registers_end) return 0;
    return shown(static_cast<Register>(offset), now);
}

Effect LocalApic::write(std::uint32_t offset, std::uint32_t value, Now now) {
    const auto which = static_cast<Register>(offset);
    if (offset % register_step != 0 || offset >= registers_end || which == Register::self_interrupt) return {};
    return set(which, value, now);
}

Result<std::uint64_t> LocalApic::read_msr(std::uint32_t msr, Now now) const {
    if (!is_extended() || msr < first_msr || msr > last_msr || !is_readable_msr(register_of(msr)))
        return refuse(Error::invalid);
    const Register which = register_of(msr);
    const std::uint64_t high = which == Register::command_low ? state_.command_high : 0;
    return high << 32 | shown(which, now);
}

Result<Effect> LocalApic::write_any_msr(std::uint32_t msr, std::uint64_t value, Now now) {
    if (!is_extended() || msr < first_msr || msr > last_msr) return refuse(Error::invalid);
    const Register which = register_of(msr);
    const auto writable = writable_msr(which);
    if (!writable || value & ~*writable) return refuse(Error::invalid);
    if (which == Register::command_low) state_.command_high = static_cast<std::uint32_t>(value >> 32);
    return set(which, static_cast<std::uint32_t>(value), now);
}

}  // namespace basalt::apic
