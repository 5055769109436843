#include "domain/runstate_area.hpp"

#include "abi/vcpu.hpp"
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/doors.hpp"
#include "domain/run.hpp"

namespace basalt {
namespace {

constexpr std::uint64_t update_flag = XEN_RUNSTATE_UPDATE;

// With the update flag, readers on other vcpus see when they have read half of it.
void write_flagged(std::uint64_t area, vcpu_runstate_info info) {
    const GuestPointer<std::uint64_t> entry_time(area + offsetof(vcpu_runstate_info, state_entry_time));
    const std::uint64_t settled = info.state_entry_time & ~update_flag;
    info.state_entry_time = settled | update_flag;
    if (!entry_time.write(info.state_entry_time)) return;
    if (!GuestPointer<vcpu_runstate_info>(area).write(info)) return;
    static_cast<void>(entry_time.write(settled));
}

}  // namespace

Result<> place_runstate_area(Vcpu& vcpu, GuestPointer<vcpu_runstate_info> area) {
    if (!may_name(vcpu, area.address(), sizeof(vcpu_runstate_info))) return refuse(Error::bad_address);
    vcpu.runstate_area = area.address();
    if (runs_here(vcpu))
        publish_runstate(vcpu);
    else
        static_cast<void>(area.write(scheduler().runstate(vcpu.unit)));
    return {};
}

void publish_runstate(Vcpu& vcpu) {
    if (vcpu.runstate_area == 0) return;
    const KernelMemory seen(vcpu);   // the area is mapped in the guest's kernel
    const vcpu_runstate_info info = scheduler().runstate_as_entered(vcpu.unit);
    const bool flagged = (vcpu.domain.assists.load(std::memory_order_relaxed) >> VMASST_TYPE_runstate_update_flag & 1) != 0;
    if (flagged)
        write_flagged(vcpu.runstate_area, info);
    else
        static_cast<void>(GuestPointer<vcpu_runstate_info>(vcpu.runstate_area).write(info));
}

}  // namespace basalt
