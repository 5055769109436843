#include "domain/vcpu_setup.hpp"

#include <algorithm>

#include "abi/sched.hpp"
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/guest_time.hpp"
#include "domain/pause.hpp"
#include "domain/run.hpp"
#include "domain/shared_frames.hpp"

namespace basalt {
namespace {

// The entry path looks for pending events where the vcpu_info of the running vcpu is.
void tell_entry_path(Vcpu& vcpu) {
    if (!runs_here(vcpu) || vcpu.kind != GuestKind::pv) return;
    this_cpu().run(&vcpu, &vcpu.registers, reinterpret_cast<const std::uint16_t*>(vcpu.events.info()));
}

// Two vcpus may take each other down: each then has work, and stops waiting.
void wait_until_off_cpu(const Vcpu& vcpu) {
    while (!runs_here(vcpu) && vcpu.unit.on_cpu() && !better_pause()) while_waiting();
}

}   // namespace

// Again where somebody registers its vcpu_info, say: steps before this one stay.
Step<> initialise(Vcpu& vcpu, const Result<Owned<vcpu_guest_context>>& context) {
    if (vcpu.events.info() == nullptr) return refuse(Error::invalid);
    const auto set = [&](const events::SharedPage&) -> Step<> {
        if (vcpu.initialised) return refuse(context ? Error::exists : context.error());
        if (!context) return refuse_context(vcpu, context.error());
        paging::Budget budget;
        return set_context(vcpu, **context, budget);
    };
    return vcpu.info_page.try_with(set, Again{});
}

Result<> place_vcpu_info(Vcpu& vcpu, Pfn frame, std::uint64_t offset) {
    const auto place = [&](events::SharedPage& page) -> Result<> {
        if (page || (!runs_here(vcpu) && vcpu.unit.is_up())) return refuse(Error::invalid);
        page = TRY(share_guest_page(vcpu.domain, frame));
        vcpu.events.move_info(reinterpret_cast<vcpu_info*>(page.at() + offset));
        publish_time(vcpu);
        tell_entry_path(vcpu);
        note_upcall(vcpu);   // everything is marked pending by now
        return {};
    };
    return vcpu.info_page.try_with(place, refuse(Error::busy));
}

Result<> bring_up(Vcpu& vcpu) {
    if (!vcpu.initialised) return refuse(Error::invalid);
    scheduler().release(vcpu.unit, Hold::down);
    return {};
}

// Of two that go at once the later one sees it; if both do, it has been said twice.
void take_down(Vcpu& vcpu) {
    const auto is_up = [](const Vcpu* other) { return other->unit.is_up(); };
    scheduler().hold(vcpu.unit, Hold::down);
    if (std::ranges::any_of(vcpu.domain.vcpus(), is_up)) return wait_until_off_cpu(vcpu);
    shut_down(vcpu.domain, SHUTDOWN_poweroff);
    scheduler().release(vcpu.unit, Hold::down);   // the last one is where the domain has ended
}

}   // namespace basalt
