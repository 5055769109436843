#include "guests/pv/roots.hpp"

#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/pv/descriptors.hpp"
#include "guests/pv/doors.hpp"
#include "machine/flush.hpp"
#include "paging/take.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
Step<> set_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    FrameUse use = TRY(paging::take_use(root, Use::l4_table, vcpu.domain.memory, budget));
    pv::of(vcpu).kernel_root = root;
    if (runs_here(vcpu)) switch_root(root);
    pv::of(vcpu).roots.kernel = std::move(use);   // what it held goes last
    return std::monostate{};
}

Step<> set_user_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    if (root == Mfn(0)) {
        pv::of(vcpu).user_root = no_mfn;
        const FrameUse dropped = std::move(pv::of(vcpu).roots.user);
        return std::monostate{};
    }
    FrameUse use = TRY(paging::take_use(root, Use::l4_table, vcpu.domain.memory, budget));
    pv::of(vcpu).user_root = root;
    pv::of(vcpu).roots.user = std::move(use);
    return std::monostate{};
}

Step<> change_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    const Step<> step = set_kernel_root(vcpu, root, budget);
    if (step.done()) forget_ldt_pages(vcpu);   // the guest's LDT may lie elsewhere under the new root
    return step;
}

Mfn kernel_root(const Vcpu& vcpu) { return of(vcpu).kernel_root; }

void Doors::drop_tables(Vcpu& vcpu) {
    drop_descriptor_tables(vcpu);
    of(vcpu).kernel_root = of(vcpu).user_root = no_mfn;
    of(vcpu).roots = {};
}

}  // namespace basalt::pv
