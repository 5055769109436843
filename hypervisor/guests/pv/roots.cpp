#include "guests/pv/roots.hpp"

#include "guests/pv/descriptors.hpp"
#include "machine/entry.hpp"

namespace basalt::pv {
namespace {

Result<> change(Vcpu& vcpu, Mfn root, Step<> (*set)(Vcpu&, Mfn, paging::Budget&)) {
    for (;;) {
        paging::Budget budget;
        const auto step = set(vcpu, root, budget);
        if (const Error* refused = step.refused()) return refuse(*refused);
        if (step.done()) return {};
        poll_interrupts();
    }
}

}  // namespace

Result<> change_kernel_root(Vcpu& vcpu, Mfn root) {
    TRY(change(vcpu, root, set_kernel_root));
    forget_ldt_pages(vcpu);   // the same address may now be another page
    return {};
}

Result<> change_user_root(Vcpu& vcpu, Mfn root) { return change(vcpu, root, set_user_root); }

}  // namespace basalt::pv
