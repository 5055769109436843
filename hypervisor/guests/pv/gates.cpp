#include "abi/xen.hpp"
#include "guests/pv/traps.hpp"

#include "guests/pv/gates.hpp"
#include "machine/registers.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {

void set_callback(Vcpu& vcpu, EntryFor what, std::uint64_t address, bool masks_events) {
    const Callback callback{address, masks_events};
    switch (what) {
        case EntryFor::event: of(vcpu).event = callback; return;
        case EntryFor::failsafe: of(vcpu).failsafe = callback; return;
        case EntryFor::system_call: of(vcpu).syscall = callback; return;
        case EntryFor::compatible_system_call: of(vcpu).syscall32 = callback; return;
    }
}

void set_gate(Vcpu& vcpu, const trap_info& gate) { of(vcpu).traps[gate.vector] = gate_of(gate); }

void clear_gates(Vcpu& vcpu) { of(vcpu).traps.fill({}); }

void set_nmi_gate(Vcpu& vcpu, std::uint64_t address) {
    of(vcpu).traps[vector::nmi] = {.address = address, .cs = FLAT_KERNEL_CS64, .privilege = 0, .masks_events = true};
}

void clear_nmi_gate(Vcpu& vcpu) { of(vcpu).traps[vector::nmi] = {}; }

void set_kernel_stack(Vcpu& vcpu, std::uint64_t selector, std::uint64_t pointer) {
    of(vcpu).kernel_ss = static_cast<std::uint16_t>(selector | 3);
    of(vcpu).kernel_sp = pointer;
}

}  // namespace basalt::pv
