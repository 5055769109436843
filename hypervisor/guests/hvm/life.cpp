// Birth and end of a hardware-assisted guest's vcpus.
#include <cstring>

#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/hvm/doors.hpp"
#include "guests/hvm/permissions.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"
#include "machine/features.hpp"
#include "memory/allocator.hpp"
#include "memory/heap.hpp"

namespace basalt {

HvmVcpu::HvmVcpu(Domain& owner, VcpuId number, Mfn block)
    : Vcpu(owner, number), control_block(physical_of(block)), vmcb(*new(contents(block)) svm::Vmcb) {
    fpu_initialise(fpu.data());
}

namespace hvm {
namespace {

// What leaves the guest: what would reach the machine, or what the guest's own view of its processor hangs on. Page faults,
// CR0, loads of CR3, INVLPG and reads of control registers are its own. Of exceptions #MC is the machine's; #DB and #AC that
// come again and again while they are delivered would keep the processor for ever.
constexpr svm::Intercepts intercepts{
    .cr_writes = svm::intercept::cr4,
    .exceptions = 1 << vector::machine_check | 1 << vector::debug | 1 << vector::alignment_check,
    .first = svm::intercept::interrupt | svm::intercept::nmi | svm::intercept::smi | svm::intercept::init |
             svm::intercept::rdpmc | svm::intercept::cpuid | svm::intercept::invd | svm::intercept::hlt |
             svm::intercept::invlpga | svm::intercept::ports | svm::intercept::msrs | svm::intercept::task_switch |
             svm::intercept::ferr_freeze | svm::intercept::shutdown,
    .second = svm::intercept::vmrun | svm::intercept::vmmcall | svm::intercept::vmload | svm::intercept::vmsave |
              svm::intercept::stgi | svm::intercept::clgi | svm::intercept::skinit | svm::intercept::wbinvd |
              svm::intercept::monitor | svm::intercept::mwait | svm::intercept::xsetbv | svm::intercept::rdpru,
};

void begin(HvmVcpu& vcpu, const Permissions& permitted) {
    svm::Control& control = vcpu.vmcb.control;
    control.intercepts = intercepts;
    control.port_permissions = permitted.ports;
    control.msr_permissions = permitted.registers;
    control.virtual_interrupt = svm::virtual_interrupt::masks_physical;
    control.nested_paging = 1;
    vcpu.state().efer = efer::svm;
    constexpr std::uint64_t as_after_reset = 0x0007'0406'0007'0406;   // APM 2 7.8.1
    vcpu.state().page_attributes = as_after_reset;
    vcpu.registers.vector = features().vmx_guests.used ? Registers::in_vmx_guest : Registers::in_svm_guest;
}

}   // namespace

Result<Vcpu*> Doors::make_vcpu(Domain& domain, VcpuId number) {
    const Permissions permitted = TRY(permissions());
    const Mfn block = TRY(allocate_frames());
    auto vcpu = create<HvmVcpu>(domain, number, block);
    if (!vcpu) {
        free_frames(block);
        return refuse(vcpu.error());
    }
    if (features().vmx_guests.used) {
        const auto vmcs = allocate_frames();
        if (!vmcs) {
            free_frames(block);
            return refuse(vmcs.error());   // the vcpu goes by itself
        }
        std::memset(contents(*vmcs), 0, page_size);
        std::memcpy(contents(*vmcs), &features().vmx_guests.revision, sizeof(std::uint32_t));
        (*vcpu)->vmx.vmcs = physical_of(*vmcs);
    }
    begin(**vcpu, permitted);
    return vcpu->release();
}

void Doors::destroy_vcpu(Vcpu& vcpu) {
    const Mfn block = mfn_of(of(vcpu).control_block);
    const std::uint64_t vmcs = of(vcpu).vmx.vmcs;
    timers().cancel(of(vcpu).local_timer);
    static_cast<void>(Owned<HvmVcpu>(&of(vcpu)));
    free_frames(block);
    if (vmcs != 0) free_frames(mfn_of(vmcs));
}

}   // namespace hvm
}   // namespace basalt
