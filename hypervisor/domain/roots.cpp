#include "domain/roots.hpp"

#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "machine/flush.hpp"
#include "paging/take.hpp"

namespace basalt {
namespace {

bool runs_here(const Vcpu& vcpu) { return this_cpu().running_vcpu == &vcpu; }

}  // namespace

Step<> set_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    FrameUse use = TRY(paging::take_use(root, Use::l4_table, vcpu.domain.memory, budget));
    vcpu.pv.kernel_root = root;
    if (runs_here(vcpu)) switch_root(root);
    vcpu.roots.kernel = std::move(use);   // what it held goes last
    return std::monostate{};
}

Step<> set_user_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    if (root == Mfn(0)) {
        vcpu.pv.user_root = no_mfn;
        const FrameUse dropped = std::move(vcpu.roots.user);
        return std::monostate{};
    }
    FrameUse use = TRY(paging::take_use(root, Use::l4_table, vcpu.domain.memory, budget));
    vcpu.pv.user_root = root;
    vcpu.roots.user = std::move(use);
    return std::monostate{};
}

void drop_tables(Vcpu& vcpu) {
    drop_descriptor_tables(vcpu);
    vcpu.pv.kernel_root = vcpu.pv.user_root = no_mfn;
    vcpu.roots = {};
}

}  // namespace basalt
