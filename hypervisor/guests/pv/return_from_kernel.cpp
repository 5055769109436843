#include "guests/pv/return_from_kernel.hpp"

#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/pv/guest_flags.hpp"
#include "guests/pv/mode.hpp"
#include "machine/user_copy.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

void keep_iopl(Vcpu& vcpu, std::uint64_t wanted) {
    if (has_architectural_iopl(vcpu.domain)) pv::of(vcpu).iopl = static_cast<std::uint8_t>(wanted >> 12 & 3);
}

// Any iret ends the handler of an NMI, as on Xen; one that came meanwhile is looked at on the way out.
void let_nmis_in(Vcpu& vcpu) {
    pv::of(vcpu).nmi_masked = false;
    if (vcpu.nmi_pending.load(std::memory_order_relaxed)) raise_here(Work::events);
}

}  // namespace

void return_from_kernel(Vcpu& vcpu) {
    Registers& registers = vcpu.registers;
    [[clang::uninitialized]] iret_context frame;   // read whole, or not used
    if (!guest_may_name(registers.rsp, sizeof(frame)) || copy_from_guest(&frame, registers.rsp, sizeof(frame)) != 0)
        return crash_running_domain("the frame of its iret is not readable");
    if ((frame.cs & ring_3) == ring_3) {
        if (pv::of(vcpu).user_root == no_mfn) return crash_running_domain("it has no user page tables to return to");
        enter_user_mode(pv::of(vcpu));
    }
    keep_iopl(vcpu, frame.rflags);
    let_nmis_in(vcpu);
    registers.rax = frame.rax;
    registers.rip = frame.rip;
    registers.rsp = frame.rsp;
    registers.rflags = real_flags(frame.rflags);
    mask_upcalls(vcpu, (frame.rflags & rflags::interrupts) == 0);
    // SYSRET gives flat selectors, and loses RCX and R11: that is what the flag permits. It takes no RF.
    if ((frame.flags & VGCF_in_syscall) != 0 && (frame.cs & 0xffff) != FLAT_USER_CS32) return;
    registers.rcx = frame.rcx;
    registers.r11 = frame.r11;
    registers.cs = (frame.cs & 0xffff) | ring_3;
    registers.ss = (frame.ss & 0xffff) | ring_3;
    registers.return_by_iret();
}

}  // namespace basalt::pv
