// Vcpus of the caller's own domain: their start, their timers, and what Basalt keeps for them in guest memory
// (<xen/vcpu.h>).
#include <algorithm>
#include <bit>

#include "abi/sched.hpp"
#include "abi/vcpu.hpp"
#include "abi/xen.hpp"
#include "devices/firmware.hpp"
#include "domain/domain.hpp"
#include "domain/shared_frames.hpp"
#include "domain/guest_time.hpp"
#include "domain/run.hpp"
#include "domain/runstate_area.hpp"
#include "guests/given_context.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/pause.hpp"
#include "table/vcpu_op.hpp"

namespace basalt::hypercalls {
namespace {

bool is_running_here(const Vcpu& vcpu) { return &vcpu == &running(); }

// Two vcpus may try to set up a third one at once.
class SettingUp {
public:
    explicit SettingUp(Vcpu& vcpu) : vcpu_(vcpu), alone_(!vcpu.being_set_up.exchange(true)) {}
    ~SettingUp() {
        if (alone_) vcpu_.being_set_up.store(false, std::memory_order_release);
    }
    SettingUp(const SettingUp&) = delete;
    SettingUp& operator=(const SettingUp&) = delete;
    bool alone() const { return alone_; }

private:
    Vcpu& vcpu_;
    bool alone_;
};

Step<> initialise(Vcpu& vcpu, GuestPointer<vcpu_guest_context> pointer) {
    if (vcpu.events.info() == nullptr) return refuse(Error::invalid);   // it could not be told of events
    const auto context = read_context(pointer);
    const SettingUp setting_up(vcpu);
    if (!setting_up.alone()) return Again{};    // somebody registers its vcpu_info, say: steps before this one stay
    if (vcpu.initialised) return refuse(context ? Error::exists : context.error());
    if (!context) return refuse_context(vcpu, context.error());
    paging::Budget budget;
    return set_context(vcpu, **context, budget);
}

Result<> up(Vcpu& vcpu) {
    if (!vcpu.initialised) return refuse(Error::invalid);
    scheduler().release(vcpu.unit, Hold::down);
    return {};
}

// Two vcpus may take each other down: each then has work, and stops waiting.
void wait_until_off_cpu(const Vcpu& vcpu) {
    while (!is_running_here(vcpu) && vcpu.unit.on_cpu() && !better_pause()) while_waiting();
}

// A domain of which no vcpu is left has switched itself off.
Result<> down(Vcpu& vcpu) {
    const auto is_another_up = [&](const Vcpu* other) { return other != &vcpu && other->unit.is_up(); };
    if (std::ranges::none_of(vcpu.domain.vcpus(), is_another_up)) {
        shut_down(vcpu.domain, SHUTDOWN_poweroff);
        return {};
    }
    scheduler().hold(vcpu.unit, Hold::down);
    wait_until_off_cpu(vcpu);
    return {};
}

Result<std::int64_t> is_up(Vcpu& vcpu) { return vcpu.unit.is_up() ? 1 : 0; }

Result<vcpu_runstate_info> get_runstate_info(Vcpu& vcpu) { return scheduler().runstate(vcpu.unit); }

Result<> set_periodic_timer(Vcpu& vcpu, const vcpu_set_periodic_timer& request) {
    constexpr Nanoseconds longest = ~Nanoseconds{0} >> 2;
    if (request.period_ns > longest) return refuse(Error::invalid);
    TRY(vcpu.timers.set_periodic(request.period_ns));
    if (is_running_here(vcpu))
        vcpu.timers.follow_period();
    else if (vcpu.unit.on_cpu())
        kick(vcpu.unit.cpu());
    return {};
}

Result<> stop_periodic_timer(Vcpu& vcpu) {
    vcpu.timers.stop_periodic();
    return {};
}

// A timer belongs to the CPU that sets it: only the vcpu itself may. Late or not, the event comes; Xen 4.17 ignores
// VCPU_SSHOTTMR_future too.
Result<> set_singleshot_timer(Vcpu& vcpu, const vcpu_set_singleshot_timer& request) {
    if (!is_running_here(vcpu)) return refuse(Error::invalid);
    return vcpu.timers.set_singleshot(Instant(request.timeout_abs_ns), false);
}

Result<> stop_singleshot_timer(Vcpu& vcpu) {
    if (!is_running_here(vcpu)) return refuse(Error::invalid);
    vcpu.timers.stop_singleshot();
    return {};
}

// Where an unmapped area is named, nothing is written, now or later: that is the guest's affair.
Result<> register_runstate_memory_area(Vcpu& vcpu, const vcpu_register_runstate_memory_area& request) {
    const GuestPointer<vcpu_runstate_info> area(request.addr.p);
    if (!may_name(vcpu, area.address(), sizeof(vcpu_runstate_info))) return refuse(Error::bad_address);
    vcpu.runstate_area = area.address();
    if (is_running_here(vcpu))
        publish_runstate(vcpu);
    else
        static_cast<void>(area.write(scheduler().runstate(vcpu.unit)));
    return {};
}

Result<> register_vcpu_time_memory_area(Vcpu& vcpu, const vcpu_register_time_memory_area& request) {
    if (!may_name(vcpu, request.addr.p, sizeof(vcpu_time_info))) return refuse(Error::bad_address);
    vcpu.time_area = request.addr.p;
    publish_time_area(vcpu);
    return {};
}

// The entry path looks for pending events where the vcpu_info of the running vcpu is.
void tell_entry_path(Vcpu& vcpu, const vcpu_info& info) {
    if (!is_running_here(vcpu)) return;
    this_cpu().run(&vcpu, &vcpu.registers, reinterpret_cast<const std::uint16_t*>(&info.evtchn_upcall_pending));
}

// Once, by the vcpu itself or for one that is down; the structure lies within one page.
Result<> register_vcpu_info(Vcpu& vcpu, const vcpu_register_vcpu_info& request) {
    constexpr std::size_t last = page_size - sizeof(vcpu_info);
    if (request.offset > last || request.offset % alignof(vcpu_info) != 0) return refuse(Error::no_device_or_address);
    const SettingUp setting_up(vcpu);
    if (!setting_up.alone()) return refuse(Error::busy);
    if (vcpu.info_page || (!is_running_here(vcpu) && vcpu.unit.is_up())) return refuse(Error::invalid);
    auto page = TRY(share_guest_page(vcpu.domain, Mfn(request.mfn)));
    auto* const info = reinterpret_cast<vcpu_info*>(page.at() + request.offset);
    vcpu.info_page = std::move(page);
    vcpu.events.move_info(info);
    publish_time(vcpu);
    tell_entry_path(vcpu, *info);
    return {};
}

Result<> send_nmi(Vcpu& vcpu, std::uint64_t argument) {
    if (argument != 0) return refuse(Error::invalid);
    raise_nmi(vcpu);
    return {};
}

// Only where vcpus and CPUs are known to go together.
Result<vcpu_get_physid> get_physid(Vcpu& vcpu) {
    const bool one_each = vcpu.domain.vcpus().size() == online_cpu_count();
    const bool stays = std::popcount((vcpu.unit.affinity() & online_cpus()).bits) == 1;
    if (!one_each && !stays) return refuse(Error::invalid);
    const CpuId cpu(vcpu.id.raw);
    if (vcpu.id.raw >= most_cpus || !online_cpus().has(cpu)) return refuse(Error::invalid);
    const std::uint32_t apic_id = cpu_of(cpu).apic_id;
    return vcpu_get_physid{std::uint64_t{acpi_id_of(apic_id).value_or(~std::uint32_t{0})} << 32 | apic_id};
}

constexpr auto commands = bind<table::vcpu_op, Vcpu&>(
    does<VCPUOP_initialise, initialise>, does<VCPUOP_up, up>, does<VCPUOP_down, down>, does<VCPUOP_is_up, is_up>,
    does<VCPUOP_get_runstate_info, get_runstate_info>,
    does<VCPUOP_register_runstate_memory_area, register_runstate_memory_area>,
    does<VCPUOP_set_periodic_timer, set_periodic_timer>, does<VCPUOP_stop_periodic_timer, stop_periodic_timer>,
    does<VCPUOP_set_singleshot_timer, set_singleshot_timer>, does<VCPUOP_stop_singleshot_timer, stop_singleshot_timer>,
    does<VCPUOP_register_vcpu_info, register_vcpu_info>, does<VCPUOP_send_nmi, send_nmi>, does<VCPUOP_get_physid, get_physid>,
    does<VCPUOP_register_vcpu_time_memory_area, register_vcpu_time_memory_area>);

}  // namespace

// A kernel that starts asks thousands of times whether there is a vcpu of this number.
Ending vcpu_op(Call call, std::uint32_t command, VcpuId id) {
    Vcpu* const vcpu = running().domain.vcpu(id);
    return vcpu == nullptr ? answer(call, refuse(Error::no_entry)) : give(commands, command, call, *vcpu);
}

}  // namespace basalt::hypercalls
