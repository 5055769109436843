#include "domain/runstate_area.hpp"

#include "domain/domain.hpp"
#include "domain/guest_pointer.hpp"
#include "domain/run.hpp"
#include "machine/flush.hpp"

namespace basalt {
namespace {

// The area is mapped in the guest's kernel: in user mode other tables are loaded.
class KernelView {
public:
    explicit KernelView(const Vcpu& vcpu) : vcpu_(vcpu) {
        if (!vcpu.pv.in_kernel) switch_root(vcpu.pv.kernel_root);
    }
    ~KernelView() {
        if (!vcpu_.pv.in_kernel) switch_root(vcpu_.pv.user_root);
    }
    KernelView(const KernelView&) = delete;
    KernelView& operator=(const KernelView&) = delete;

private:
    const Vcpu& vcpu_;
};

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

void publish_runstate(Vcpu& vcpu) {
    if (vcpu.runstate_area == 0) return;
    const KernelView view(vcpu);
    const vcpu_runstate_info info = scheduler().runstate_as_entered(vcpu.unit);
    const bool flagged = (vcpu.domain.assists.load(std::memory_order_relaxed) >> VMASST_TYPE_runstate_update_flag & 1) != 0;
    if (flagged)
        write_flagged(vcpu.runstate_area, info);
    else
        static_cast<void>(GuestPointer<vcpu_runstate_info>(vcpu.runstate_area).write(info));
}

}  // namespace basalt
