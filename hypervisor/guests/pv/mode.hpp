// Guest kernel mode and guest user mode are both ring 3. They differ in the root that is loaded, and in which of the two
// GS bases is the active one.
#pragma once

#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/vcpu.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {

inline void enter_kernel_mode(PvVcpu& pv) {
    pv.in_kernel = true;
    swap_gs();
    switch_root(pv.kernel_root);
}

// The caller has made sure that there is a user root.
inline void enter_user_mode(PvVcpu& pv) {
    pv.in_kernel = false;
    swap_gs();
    switch_root(pv.user_root);
}

inline bool has_architectural_iopl(const Domain& domain) {
    return (domain.assists.load(std::memory_order_relaxed) >> VMASST_TYPE_architectural_iopl & 1) != 0;
}

// Whether ports and the interrupt flag are the vcpu's to use, where it is: CPL <= IOPL (SDM 1 19.5.1). Kernel mode counts as
// ring 1, or, with architectural IOPL, as ring 0.
inline bool has_io_privilege(const Vcpu& vcpu) {
    const unsigned level = !pv::of(vcpu).in_kernel ? 3 : has_architectural_iopl(vcpu.domain) ? 0 : 1;
    return level <= pv::of(vcpu).iopl;
}

// evtchn_upcall_mask: the guest's interrupt flag. It lies in the guest's memory and may change at any time.
inline bool upcalls_masked(const Vcpu& vcpu) {
    const vcpu_info* info = vcpu.events.info();
    return info == nullptr || *const_cast<const volatile std::uint8_t*>(&info->evtchn_upcall_mask) != 0;
}
inline void mask_upcalls(Vcpu& vcpu, bool masked) {
    if (vcpu_info* info = vcpu.events.info()) *const_cast<volatile std::uint8_t*>(&info->evtchn_upcall_mask) = masked ? 1 : 0;
}

}  // namespace basalt::pv
