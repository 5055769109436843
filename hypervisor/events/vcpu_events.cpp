#include "events/vcpu_events.hpp"

#include "abi/xen.hpp"
#include "events/event_channels.hpp"
#include "events/guest_bits.hpp"

namespace basalt::events {

void VcpuEvents::mark_pending() {
    auto* const info = this->info();
    if (!info) return;
    if (std::atomic_ref(info->evtchn_upcall_pending).exchange(1) == 0) notify(*this);
}

void VcpuEvents::move_info(vcpu_info* to) {
    if (const auto* const from = info())
        *to = *from;
    else
        *to = {.evtchn_upcall_mask = 1};
    place_info(to);
    write_once(to->evtchn_upcall_pending, 1);
    std::atomic_ref(to->evtchn_pending_sel).store(~xen_ulong_t{0});
}

}  // namespace basalt::events
