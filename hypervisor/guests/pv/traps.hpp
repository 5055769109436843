// Gates and entry points as a guest names them, checked.
#pragma once

#include <cstdint>

#include "core/layout.hpp"
#include "domain/pv_vcpu.hpp"

namespace basalt::pv {

constexpr bool is_canonical(std::uint64_t address) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 16) >> 16) == address;
}

// Entering there by SYSRET must not fault in ring 0 (it does, on Intel, where the address is not canonical).
constexpr bool may_be_entered(std::uint64_t address) { return is_canonical(address); }

constexpr TrapGate gate_of(const trap_info& trap) {
    return {trap.address, static_cast<std::uint16_t>(trap.cs | 3), static_cast<std::uint8_t>(trap.flags & 3),
            (trap.flags & 4) != 0};
}

constexpr trap_info described(const TrapGate& gate, std::uint8_t vector) {
    return {vector, static_cast<std::uint8_t>(gate.privilege | (gate.masks_events ? 4 : 0)), gate.cs, gate.address};
}

// VMASST_TYPE_* that a 64-bit PV guest may switch on, as Xen 4.17 lets it.
inline constexpr std::uint64_t permitted_assists =
    1 << VMASST_TYPE_4gb_segments | 1 << VMASST_TYPE_4gb_segments_notify | 1 << VMASST_TYPE_writable_pagetables |
    1 << VMASST_TYPE_pae_extended_cr3 | 1 << VMASST_TYPE_architectural_iopl |
    1 << VMASST_TYPE_runstate_update_flag | std::uint64_t{1} << VMASST_TYPE_m2p_strict;

}  // namespace basalt::pv
