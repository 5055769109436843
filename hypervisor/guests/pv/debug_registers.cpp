#include "guests/pv/debug_registers.hpp"

#include "guests/pv/enter_kernel.hpp"
#include "guests/pv/traps.hpp"
#include "machine/entry.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/user_copy.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

// SDM 3B 18.2: bits that read as they must.
constexpr std::uint64_t status_fixed = 0xffff'0ff0;
constexpr std::uint64_t status_free = 0x0000'e00f;
constexpr std::uint64_t status_single_step = 1 << 14;
constexpr std::uint64_t control_fixed = 0x400;
constexpr std::uint64_t control_free = 0xffff'23ff;   // not GD: the guest may not trap its own MOV DR
constexpr std::uint64_t control_general_detect = 1 << 13;
constexpr std::uint64_t on_ports = 2;

void write_address(unsigned number, std::uint64_t value) {
    switch (number) {
        case 0: return write_dr<0>(value);
        case 1: return write_dr<1>(value);
        case 2: return write_dr<2>(value);
        default: return write_dr<3>(value);
    }
}

// Breakpoints on ports never reach the CPU, for it would match Basalt's own accesses. SDM 3B 18.2.4: two bits of
// condition for each, from bit 16 on, in fours with the length.
std::uint64_t port_breakpoints(std::uint64_t control) {
    std::uint64_t enables = 0;
    for (unsigned number = 0; number < 4; ++number)
        if ((control >> (16 + 4 * number) & 3) == on_ports) enables |= control & std::uint64_t{3} << 2 * number;
    return enables;
}

Result<> set_control(PvVcpu& pv, std::uint64_t value) {
    if (value >> 32 != 0) return refuse(Error::invalid);
    if ((value & control_general_detect) != 0) return refuse(Error::not_permitted);
    const std::uint64_t wanted = (value & control_free) | control_fixed;
    const std::uint64_t ports = port_breakpoints(wanted);
    if (ports != 0 && (pv.cr4 & cr4::debug_extensions) == 0) return refuse(Error::not_permitted);
    pv.debug.control = wanted & ~ports;
    pv.debug.on_ports = ports;
    return {};
}

}  // namespace

void debug_exception(Vcpu& vcpu) {
    const std::uint64_t status = read_dr<6>();
    write_dr<6>(status_fixed);
    pv::of(vcpu).debug.status |= status & status_free;
    deliver_exception(vcpu, vector::debug);
}

void single_stepped(Vcpu& vcpu) {
    pv::of(vcpu).debug.status |= status_single_step;
    deliver_exception(vcpu, vector::debug);
}

Result<> set_debug_register(PvVcpu& pv, unsigned number, std::uint64_t value) {
    if (number < 4) {
        if (!is_canonical(value) || !guest_may_name(value, 8)) return refuse(Error::not_permitted);
        pv.debug.addresses[number] = value;
        return {};
    }
    if (number == 4 || number == 5) {
        if ((pv.cr4 & cr4::debug_extensions) != 0) return refuse(Error::no_device);
        number += 2;
    }
    if (number == 6) {
        if (value >> 32 != 0) return refuse(Error::invalid);
        pv.debug.status = (value & status_free) | status_fixed;
        return {};
    }
    return number == 7 ? set_control(pv, value) : refuse(Error::no_device);
}

Result<> write_debug_register(unsigned number, std::uint64_t value) {
    Vcpu& vcpu = running();
    leave_debug_registers(vcpu);
    const auto set = set_debug_register(pv::of(vcpu), number, value);
    load_debug_registers(vcpu);
    return set;
}

Result<std::uint64_t> read_debug_register(const Vcpu& vcpu, unsigned number) {
    const PvVcpu& pv = pv::of(vcpu);
    if (number < 4) return pv.debug.addresses[number];
    if (number == 4 || number == 5) {
        if ((pv.cr4 & cr4::debug_extensions) != 0) return refuse(Error::no_device);
        number += 2;
    }
    if (number == 6) return pv.debug.status;
    if (number == 7) return pv.debug.control | pv.debug.on_ports;
    return refuse(Error::no_device);
}

void load_debug_registers(const Vcpu& vcpu) {
    const DebugRegisters& debug = pv::of(vcpu).debug;
    if (!debug.any_on()) return;
    for (unsigned number = 0; number < 4; ++number) write_address(number, debug.addresses[number]);
    write_dr<6>(status_fixed);
    write_dr<7>(debug.control);
}

void leave_debug_registers(const Vcpu& vcpu) {
    if (pv::of(vcpu).debug.any_on()) write_dr<7>(control_fixed);
}

}  // namespace basalt::pv
