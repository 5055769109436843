// What a CPU has in its registers while a hardware-assisted guest's vcpu runs, and what is told of the vcpu.
#include <bit>

#include "apic/audit.hpp"
#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "guests/hvm/doors.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"
#include "machine/features.hpp"
#include "machine/page_tables.hpp"

namespace basalt::hvm {

std::optional<Finding> Doors::wrong_with_vcpu(const Vcpu& vcpu) {
    const HvmVcpu& hvm = of(vcpu);
    const std::uint64_t root = physical_of(vcpu.domain.nested.root());
    if (hvm.vmcb.control.nested_root != 0 && hvm.vmcb.control.nested_root != root)
        return Finding{vcpu.domain.id, "vcpu", vcpu.id.raw, "root of nested tables", hvm.vmcb.control.nested_root, root};
    return apic::wrong_with(vcpu.domain.id, hvm.local_apic.state());
}

// Between an exit and the next entry only what VMRUN leaves alone is the guest's.
void Doors::expect_of(const Vcpu& vcpu, HeldRegisters& found, HeldRegisters& expected) {
    expected.cr3 = expected.noted_root = physical_of(boot_root());
    expected.noted_tables = std::bit_cast<std::uint32_t>(TablesOf(vcpu.domain.id, vcpu.domain.memory.hardware));
    expected.xcr0 = expected.noted_xcr0 = found.xcr0;   // the guest's choice, which not every processor lets us see
    expected.tsc_aux = of(vcpu).tsc_aux;
    expected.landing = vcpu.registers.landing();
    if (!features().vmx_guests.used) return;
    // VMX leaves these to the guest while its vcpu is here, and tables' limits as exits make them (vmx_state.cpp).
    expected.star = found.star, expected.lstar = found.lstar, expected.cstar = found.cstar;
    expected.syscall_mask = found.syscall_mask;
    expected.gdt_limit = expected.idt_limit = 0xffff;
    if (!of(vcpu).vmx.launched) expected.gdt_limit = found.gdt_limit, expected.idt_limit = found.idt_limit;
}

ShownVcpu Doors::shown(const Vcpu& vcpu) { return {of(vcpu).state().cpl == 0 ? "kernel" : "user", no_mfn, no_mfn}; }

void Doors::log_control_registers(const Vcpu& vcpu) {
    const GuestState& save = of(vcpu).state();
    log(Level::error, "cr0 {x} cr2 {x16} cr3 {x} cr4 {x} efer {x}", save.cr0, save.cr2, save.cr3, save.cr4, save.efer);
    log(Level::error, "fs base {x16} gs base {x16}, and {x16} behind SWAPGS", save.fs.base, save.gs.base,
        save.gs_base_behind_swap);
}

}   // namespace basalt::hvm
