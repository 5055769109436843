#include "guests/pv/fpu_use.hpp"

#include "guests/pv/enter_kernel.hpp"
#include "machine/entry.hpp"
#include "machine/fpu.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {

static_assert(fpu_area_bytes == fpu_area_room);

void set_guest_task_switched(bool set) {
    pv::of(running()).fpu_task_switched = set;
    set_task_switched(set);
}

void no_fpu(Vcpu& vcpu) {
    set_guest_task_switched(false);
    deliver_exception(vcpu, vector::no_device);
}

void load_fpu(const Vcpu& vcpu) {
    const PvVcpu& pv = pv::of(vcpu);
    set_task_switched(false);
    fpu_restore(pv.fpu.data());
    if (pv.fpu_task_switched) set_task_switched(true);
}

void save_fpu(Vcpu& vcpu) {
    set_task_switched(false);
    fpu_save(pv::of(vcpu).fpu.data());
}

}  // namespace basalt::pv
