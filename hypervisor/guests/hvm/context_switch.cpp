// The part of a hardware-assisted guest's vcpu that is in the CPU while it runs: whose tables are walked, FPU, debug registers.
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/hvm/doors.hpp"
#include "guests/hvm/vmx_state.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"
#include "machine/features.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"

namespace basalt::hvm {
namespace {

constexpr std::uint64_t no_debug_status = 0xffff0ff0;

void load_debug_addresses(const HvmVcpu& vcpu) {
    write_dr<0>(vcpu.debug_addresses[0]);
    write_dr<1>(vcpu.debug_addresses[1]);
    write_dr<2>(vcpu.debug_addresses[2]);
    write_dr<3>(vcpu.debug_addresses[3]);
}

void save_debug_addresses(HvmVcpu& vcpu) { vcpu.debug_addresses = {read_dr<0>(), read_dr<1>(), read_dr<2>(), read_dr<3>()}; }

// A processor that does not intercept XSETBV (QEMU's TCG) leaves the guest's choice in the register.
void save_fpu(HvmVcpu& vcpu) {
    if (features().xsave) {
        vcpu.xcr0 = read_xcr0();
        this_cpu().xcr0 = vcpu.xcr0;
        set_xcr0(features().xsave_bits);   // all of it is saved, whatever the guest has switched off by now
    }
    fpu_save(vcpu.fpu.data());
}

void load_fpu(const HvmVcpu& vcpu) {
    set_task_switched(false);
    if (features().xsave) set_xcr0(features().xsave_bits);
    fpu_restore(vcpu.fpu.data());
    if (features().xsave) set_xcr0(vcpu.xcr0);
}

}   // namespace

// Basalt's own root, with the guest named as the one whose tables are walked: whoever takes a frame away asks this CPU.
void Doors::load_guest_state(Vcpu& vcpu) {
    HvmVcpu& hvm = of(vcpu);
    this_cpu().run(&vcpu, &vcpu.registers, nullptr);   // its events are looked at on each way in
    timers().bring_here(hvm.local_timer);
    enter_root(boot_root(), TablesOf(vcpu.domain.id, vcpu.domain.memory.hardware));
    const Mfn root = vcpu.domain.nested.root();
    if (root != no_mfn)
        hvm.vmcb.control.nested_root = physical_of(root);
    else
        crash_running_domain("it has no memory");
    load_fpu(hvm);
    if (features().vmx_guests.used) load_vmx_state(hvm);
    load_debug_addresses(hvm);
    set_tsc_aux(hvm.tsc_aux);
}

// It names no frame by itself: its domain's nested tables do, and they are about to go.
void Doors::drop_tables(Vcpu& vcpu) { of(vcpu).vmcb.control.nested_root = 0; }

void Doors::save_guest_state(Vcpu& vcpu) {
    save_debug_addresses(of(vcpu));
    if (features().vmx_guests.used) save_vmx_state(of(vcpu));
    write_dr<6>(no_debug_status);   // which an exit leaves as the guest had it
    save_fpu(of(vcpu));
}

}   // namespace basalt::hvm
