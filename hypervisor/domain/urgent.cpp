#include "domain/urgent.hpp"

#include <atomic>

#include "abi/nmi.hpp"
#include "abi/xen.hpp"
#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "domain/domain_list.hpp"
#include "domain/run.hpp"
#include "machine/machine_check.hpp"
#include "machine/nmi.hpp"

namespace basalt {
namespace {

static_assert(static_cast<unsigned>(NmiCause::io_check) == _XEN_NMIREASON_io_error);
static_assert(static_cast<unsigned>(NmiCause::system_error) == _XEN_NMIREASON_pci_serr);
static_assert(static_cast<unsigned>(NmiCause::unknown) == _XEN_NMIREASON_unknown);

// Its kernel reads the causes in shared_info, where it clears what it has read.
void tell_dom0(const NmisSeen& seen) {
    const auto dom0 = listed_domain(DomainId(0));
    if (!dom0) return;
    std::atomic_ref((*dom0)->shared_info->arch.nmi_reason).fetch_or(seen.causes);
    if (Vcpu* const first = (*dom0)->vcpu(VcpuId(0))) raise_nmi(*first);
}

void look_into_nmis() {
    const NmisSeen seen = take_nmis();
    if (seen.count == 0) return;
    std::string_view why = "whose cause the first CPU asks for";
    for (unsigned cause = 0; cause < nmi_causes.size(); ++cause)
        if (seen.has(static_cast<NmiCause>(cause))) why = nmi_causes[cause];
    log(Level::warning, "CPU {}: {} NMIs, {}", this_cpu().id, seen.count, why);
    if (seen.causes != 0 && answer_to_nmis() == NmiAnswer::told_to_dom0) tell_dom0(seen);
}

}  // namespace

void look_into_urgent_matters() {
    if (tell_machine_checks()) end_after_machine_check();
    look_into_nmis();
}

}  // namespace basalt
