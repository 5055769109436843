// A PV guest's memory is seen through the tables that are loaded: those of the mode that its vcpu is in.
#include "guests/pv/doors.hpp"
#include "machine/flush.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {

void Doors::see_kernel_memory(const Vcpu& vcpu) {
    if (!of(vcpu).in_kernel) switch_root(of(vcpu).kernel_root);
}
void Doors::see_own_memory(const Vcpu& vcpu) {
    if (!of(vcpu).in_kernel) switch_root(of(vcpu).user_root);
}

}  // namespace basalt::pv
