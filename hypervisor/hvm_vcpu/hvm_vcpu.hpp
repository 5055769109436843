// A vcpu of a hardware-assisted guest. guests/ alone may include this header (and machine/offsets.cpp, for the assembler of the
// way in): the other rooms see a Vcpu, and ask by the doors of domain/doors.hpp.
//
// Nearly all of its state is in the control block, where the processor finds it and leaves it. In Vcpu::registers are the
// general registers but for RAX and RSP; what else is there is a copy for whoever shows it, made when the guest is stopped.
// Debug registers 0 to 3, XCR0 and the FPU are in the CPU while the vcpu runs, and here only after a context switch.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "apic/local_apic.hpp"
#include "core/assert.hpp"
#include "domain/vcpu.hpp"
#include "hvm_vcpu/kept_code.hpp"
#include "hvm_vcpu/memory_types.hpp"
#include "hvm_vcpu/messages.hpp"
#include "hvm_vcpu/vmx_part.hpp"
#include "machine/fpu.hpp"
#include "machine/vmcb.hpp"
#include "schedule/timers.hpp"
#include "toolchain/configuration.hpp"

namespace basalt {

class HvmVcpu final : public Vcpu {
public:
    HvmVcpu(Domain& owner, VcpuId number, Mfn block);

    const std::uint64_t control_block;   // physical: svm_enter.S
    svm::Vmcb& vmcb;   // the same

    GuestState& state() { return vmcb.save; }
    const GuestState& state() const { return vmcb.save; }
    const Exit& exit() const { return vmcb.control.exit; }

    std::array<std::uint64_t, 4> debug_addresses{};   // DR0 to DR3
    std::uint64_t xcr0 = 1;   // as after INIT: x87
    std::uint32_t tsc_aux = 0;   // what RDTSCP tells it
    std::atomic<std::uint8_t> upcall_vector{0};   // by which its local APIC tells it of events; 0: none (guests/hvm/upcall.hpp)

    VmxPart vmx;   // where the processor is Intel's

    KeptCode kept_code;

    // The local APIC is the vcpu's own CPU's alone, or whoever's who sets the vcpu up while it does not run. Others see the
    // address.
    apic::LocalApic local_apic{id};
    std::atomic<apic::Address> apic_address{local_apic.address()};
    Messages messages;
    struct LocalTimer : Timer {
        explicit LocalTimer(HvmVcpu& vcpu);
        HvmVcpu& owner;
    } local_timer{*this};

    bool hides_machine_check = false;   // CR4.MCE, which is set for the processor, not by the guest
    bool is_halted = false;   // by HLT, until something interrupts it
    std::atomic<bool> awaits_start_up{true};   // it has had INIT, or never ran: a start-up message counts
    bool in_nmi = false;   // until its IRET
    Event put_off;   // an interrupt that an exception has met on its way in (delivery.hpp)
    MemoryTypes memory_types;

    alignas(fpu_area_alignment) std::array<std::byte, fpu_area_room> fpu{};   // XSAVE format, or FXSAVE where there is no XSAVE
};

namespace hvm {

// The doors come here for vcpus of hardware-assisted guests alone.
inline HvmVcpu& of(Vcpu& vcpu) {
    if constexpr (configuration::checked_build) ASSERT(vcpu.kind == GuestKind::hvm);
    return static_cast<HvmVcpu&>(vcpu);
}
inline const HvmVcpu& of(const Vcpu& vcpu) {
    if constexpr (configuration::checked_build) ASSERT(vcpu.kind == GuestKind::hvm);
    return static_cast<const HvmVcpu&>(vcpu);
}

}   // namespace hvm
}   // namespace basalt
