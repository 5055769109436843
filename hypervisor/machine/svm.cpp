#include "machine/svm.hpp"

#include "core/assert.hpp"
#include "core/per_cpu.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"

namespace basalt::svm {
namespace {

struct Tags {
    std::uint32_t last = 0;
    bool flush_due = false;   // they have begun again, and no guest has been entered since
};
constinit PerCpu<Tags> tags;

}   // namespace

// FS, GS, TR, LDTR and the registers of system calls are not switched by VMRUN. What the CPU has now is what Basalt wants to
// find in them behind a guest; a PV guest's own are loaded by the switch to it.
void switch_on() {
    if (!features().svm.used) return;
    const auto save = frame_for_tables(), state = frame_for_tables();
    ASSERT(save && state);
    write_msr(msr::svm_host_save, physical_of(*save));
    this_cpu().host_state = physical_of(*state);
    asm volatile("vmsave" : : "a"(physical_of(*state)) : "memory");
    this_cpu().nested_stale = true;
}

// A tag that nobody has had here since all of them were forgotten. Each guest that is switched to gets one, and whoever has
// forgotten what it knew.
bool tag_translations(Control& control) {
    Cpu& cpu = this_cpu();
    Tags& here = tags.here();
    const bool is_new = cpu.nested_stale;
    if (is_new) {
        cpu.nested_stale = false;
        if (++here.last >= features().guest_tags) here = {.last = 1, .flush_due = true};
        control.asid = here.last;
    }
    control.flush = here.flush_due ? FlushOf::everything : FlushOf::nothing;
    return is_new;
}

void guest_was_entered() { tags.here().flush_due = false; }

}   // namespace basalt::svm
