// What is told of a vcpu.
#include "abi/xen.hpp"
#include "debug/log.hpp"
#include "guests/pv/doors.hpp"
#include "machine/instructions.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {

ShownVcpu Doors::shown(const Vcpu& vcpu) {
    return {of(vcpu).in_kernel ? "kernel" : "user", of(vcpu).kernel_root, of(vcpu).user_root};
}

// As the guest finds them; CR2 is that of the last page fault it was told of.
void Doors::log_control_registers(const Vcpu& vcpu) {
    const PvVcpu& pv = of(vcpu);
    const vcpu_info* const info = vcpu.events.info();
    const Mfn root = pv.in_kernel ? pv.kernel_root : pv.user_root;
    log(Level::error, "cr0 {x} cr2 {x16} cr3 {x} cr4 {x}", read_cr0(), info != nullptr ? info->arch.cr2 : 0,
        root.raw << page_shift, pv.cr4);
    log(Level::error, "fs base {x16} gs base {x16}, and {x16} of {} mode", read_fs_base(), read_gs_base(),
        read_gs_base_behind_swap(), pv.in_kernel ? "user" : "kernel");
}

}  // namespace basalt::pv
