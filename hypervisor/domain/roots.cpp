#include "domain/roots.hpp"

#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "machine/flush.hpp"
#include "paging/take.hpp"

namespace basalt {
namespace {

// What a step that is not done has to say, whatever it would have brought.
template <typename T>
Step<> unfinished(const Step<T>& step) {
    if (const Error* refused = step.refused()) return refuse(*refused);
    return *step.again();
}

bool runs_here(const Vcpu& vcpu) { return this_cpu().running_vcpu == &vcpu; }

}  // namespace

Step<> set_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    auto step = paging::take_use(root, Use::l4_table, vcpu.domain.memory, budget);
    if (!step.done()) return unfinished(step);
    vcpu.pv.kernel_root = root;
    if (runs_here(vcpu)) switch_root(root);
    vcpu.roots.kernel = std::move(step).value();   // what it held goes with the step
    return std::monostate{};
}

Step<> set_user_root(Vcpu& vcpu, Mfn root, paging::Budget& budget) {
    if (root == Mfn(0)) {
        vcpu.pv.user_root = no_mfn;
        const FrameUse dropped = std::move(vcpu.roots.user);
        return std::monostate{};
    }
    auto step = paging::take_use(root, Use::l4_table, vcpu.domain.memory, budget);
    if (!step.done()) return unfinished(step);
    vcpu.pv.user_root = root;
    vcpu.roots.user = std::move(step).value();
    return std::monostate{};
}

void drop_tables(Vcpu& vcpu) {
    drop_descriptor_tables(vcpu);
    vcpu.pv.kernel_root = vcpu.pv.user_root = no_mfn;
    vcpu.roots = {};
}

}  // namespace basalt
