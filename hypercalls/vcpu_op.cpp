// Vcpus of the caller's own domain: their start, their timers, and what Basalt keeps for them in guest memory
// (<xen/vcpu.h>).
#include <bit>

#include "abi/sched.hpp"
#include "abi/vcpu.hpp"
#include "abi/xen.hpp"
#include "devices/firmware.hpp"
#include "domain/domain.hpp"
#include "domain/guest_time.hpp"
#include "domain/run.hpp"
#include "domain/runstate_area.hpp"
#include "domain/vcpu_setup.hpp"
#include "hypercalls/commands.hpp"
#include "table/vcpu_op.hpp"

namespace basalt::hypercalls {
namespace {

Step<> initialise(Vcpu& vcpu, GuestPointer<vcpu_guest_context> pointer) {
    return basalt::initialise(vcpu, read_context(pointer));
}

Result<> down(Vcpu& vcpu) {
    take_down(vcpu);
    return {};
}

Result<std::int64_t> is_up(Vcpu& vcpu) { return vcpu.unit.is_up() ? 1 : 0; }

Result<vcpu_runstate_info> get_runstate_info(Vcpu& vcpu) { return scheduler().runstate(vcpu.unit); }

Result<> set_periodic_timer(Vcpu& vcpu, const vcpu_set_periodic_timer& request) {
    constexpr Nanoseconds longest = ~Nanoseconds{0} >> 2;
    if (request.period_ns > longest) return refuse(Error::invalid);
    TRY(vcpu.timers.set_periodic(request.period_ns));
    follow_period(vcpu);
    return {};
}

Result<> stop_periodic_timer(Vcpu& vcpu) {
    vcpu.timers.stop_periodic();
    return {};
}

// A timer belongs to the CPU that sets it: only the vcpu itself may. Late or not, the event comes; Xen 4.17 ignores
// VCPU_SSHOTTMR_future too.
Result<> set_singleshot_timer(Vcpu& vcpu, const vcpu_set_singleshot_timer& request) {
    if (!runs_here(vcpu)) return refuse(Error::invalid);
    return vcpu.timers.set_singleshot(Instant(request.timeout_abs_ns), false);
}

Result<> stop_singleshot_timer(Vcpu& vcpu) {
    if (!runs_here(vcpu)) return refuse(Error::invalid);
    vcpu.timers.stop_singleshot();
    return {};
}

Result<> register_runstate_memory_area(Vcpu& vcpu, const vcpu_register_runstate_memory_area& request) {
    return place_runstate_area(vcpu, GuestPointer<vcpu_runstate_info>(request.addr.p));
}

Result<> register_vcpu_time_memory_area(Vcpu& vcpu, const vcpu_register_time_memory_area& request) {
    return place_time_area(vcpu, GuestPointer<vcpu_time_info>(request.addr.p));
}

// The structure lies within one page.
Result<> register_vcpu_info(Vcpu& vcpu, const vcpu_register_vcpu_info& request) {
    constexpr std::size_t last = page_size - sizeof(vcpu_info);
    if (request.offset > last || request.offset % alignof(vcpu_info) != 0) return refuse(Error::no_device_or_address);
    return place_vcpu_info(vcpu, Pfn(request.mfn), request.offset);
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
    does<VCPUOP_initialise, initialise>, does<VCPUOP_up, bring_up>, does<VCPUOP_down, down>, does<VCPUOP_is_up, is_up>,
    does<VCPUOP_get_runstate_info, get_runstate_info>,
    does<VCPUOP_register_runstate_memory_area, register_runstate_memory_area>,
    does<VCPUOP_set_periodic_timer, set_periodic_timer>, does<VCPUOP_stop_periodic_timer, stop_periodic_timer>,
    does<VCPUOP_set_singleshot_timer, set_singleshot_timer>, does<VCPUOP_stop_singleshot_timer, stop_singleshot_timer>,
    does<VCPUOP_register_vcpu_info, register_vcpu_info>, does<VCPUOP_send_nmi, send_nmi>, does<VCPUOP_get_physid, get_physid>,
    does<VCPUOP_register_vcpu_time_memory_area, register_vcpu_time_memory_area>);

// A kernel that starts asks thousands of times whether there is a vcpu of this number.
Ending vcpu_op(Call call, std::uint32_t command, VcpuId id) {
    Vcpu* const vcpu = running().domain.vcpu(id);
    return vcpu == nullptr ? answer(call, refuse(Error::no_entry)) : give(commands, command, call, *vcpu);
}

}  // namespace

template <>
Ending hypercall<table::vcpu_op>(Call call) {
    return decoded<vcpu_op>(call);
}

}  // namespace basalt::hypercalls
