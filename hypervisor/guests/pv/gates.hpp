// Gates as the ABI describes them, and as a vcpu has them.
#pragma once

#include "abi/xen.hpp"
#include "pv_vcpu/parts.hpp"

namespace basalt::pv {

constexpr TrapGate gate_of(const trap_info& trap) {
    return {trap.address, static_cast<std::uint16_t>(trap.cs | 3), static_cast<std::uint8_t>(trap.flags & 3),
            (trap.flags & 4) != 0};
}

// One that a running kernel never named, or has cleared, has no number either: as on Xen.
constexpr trap_info described(const TrapGate& gate, std::uint8_t vector) {
    if (gate.cs == 0) return {};
    return {vector, static_cast<std::uint8_t>(gate.privilege | (gate.masks_events ? 4 : 0)), gate.cs, gate.address};
}

}  // namespace basalt::pv
