// Gates and entry points as a guest names them, checked.
#pragma once

#include <cstdint>

#include "abi/xen.hpp"
#include "core/layout.hpp"
#include "domain/vcpu.hpp"
#include "formats/control_registers.hpp"

namespace basalt::pv {

// Entering there by SYSRET must not fault in ring 0 (it does, on Intel, where the address is not canonical).
constexpr bool may_be_entered(std::uint64_t address) { return is_canonical(address); }

// Where the vcpu's kernel is entered. Addresses are checked before: may_be_entered().
enum class EntryFor : std::uint8_t { event, failsafe, system_call, compatible_system_call };
void set_callback(Vcpu& vcpu, EntryFor what, std::uint64_t address, bool masks_events);
void set_gate(Vcpu& vcpu, const trap_info& gate);
void clear_gates(Vcpu& vcpu);
// The gate of NMIs, with events shut out. One at address 0 is a gate too, by which nothing comes.
void set_nmi_gate(Vcpu& vcpu, std::uint64_t address);
void clear_nmi_gate(Vcpu& vcpu);
// Where exceptions out of user mode arrive.
void set_kernel_stack(Vcpu& vcpu, std::uint64_t selector, std::uint64_t pointer);

// VMASST_TYPE_* that a 64-bit PV guest may switch on, as Xen 4.17 lets it.
inline constexpr std::uint64_t permitted_assists = 1 << VMASST_TYPE_4gb_segments | 1 << VMASST_TYPE_4gb_segments_notify |
                                                   1 << VMASST_TYPE_writable_pagetables | 1 << VMASST_TYPE_pae_extended_cr3 |
                                                   1 << VMASST_TYPE_architectural_iopl | 1 << VMASST_TYPE_runstate_update_flag |
                                                   std::uint64_t{1} << VMASST_TYPE_m2p_strict;

}  // namespace basalt::pv
