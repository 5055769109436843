#include "guests/pv/roots.hpp"

#include "guests/pv/descriptors.hpp"

namespace basalt::pv {

Step<> change_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    const Step<> step = set_kernel_root(vcpu, root, budget);
    if (step.done()) forget_ldt_pages(vcpu);   // the guest's LDT may lie elsewhere under the new root
    return step;
}

}  // namespace basalt::pv
