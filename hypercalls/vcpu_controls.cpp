// The vcpus of a domain, as tools see and set them.
#include "abi/domctl.hpp"
#include "abi/vcpu.hpp"
#include "abi/xen.hpp"
#include "domain/run.hpp"
#include "domain/given_context.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "hypercalls/tool_structures.hpp"
#include "memory/heap.hpp"

namespace basalt::hypercalls {

Result<> vcpu_info(Domain& domain, xen_domctl_t& request) {
    auto& info = request.u.getvcpuinfo;
    Vcpu* const vcpu = TRY(vcpu_named(domain, info.vcpu));
    const vcpu_runstate_info state = scheduler().runstate(vcpu->unit);
    info.online = vcpu->unit.is_up() ? 1 : 0;
    info.blocked = vcpu->unit.blocked() ? 1 : 0;
    info.running = state.state == RUNSTATE_running ? 1 : 0;
    info.cpu_time = state.time[RUNSTATE_running];
    info.cpu = vcpu->unit.cpu().raw;
    return {};
}

// no_data: a vcpu that has no state yet.
Result<> vcpu_context(Domain& domain, Steering& steering, xen_domctl_t& request) {
    Vcpu* const vcpu = domain.vcpu(VcpuId(request.u.vcpucontext.vcpu));
    if (vcpu == nullptr) return refuse(Error::invalid);
    if (!vcpu->initialised) return refuse(Error::no_data);
    const auto context = TRY(basalt::create<vcpu_guest_context>());
    {
        const Paused paused(steering);
        get_context(*vcpu, *context);
    }
    return GuestPointer<vcpu_guest_context>(reinterpret_cast<std::uint64_t>(request.u.vcpucontext.ctxt.p)).write(*context);
}

// With VGCF_online the vcpu is up afterwards, without it is down.
Step<> set_vcpu_context(Domain& domain, Steering& steering, xen_domctl_t& request) {
    const auto& wish = request.u.vcpucontext;
    Vcpu* const vcpu = domain.vcpu(VcpuId(wish.vcpu));
    if (vcpu == nullptr) return refuse(Error::invalid);
    const auto context = read_context(GuestPointer<vcpu_guest_context>(reinterpret_cast<std::uint64_t>(wish.ctxt.p)));
    const Paused paused(steering);
    if (wish.ctxt.p == nullptr) return refuse_context(*vcpu, Error::not_supported);   // a vcpu is not reset
    if (!context) return refuse_context(*vcpu, context.error());
    paging::Budget budget;
    TRY(set_context(*vcpu, **context, budget));
    if (((*context)->flags & VGCF_online) != 0)
        scheduler().release(vcpu->unit, Hold::down);
    else
        scheduler().hold(vcpu->unit, Hold::down);
    return std::monostate{};
}

namespace {

// Which of the two sets a request is about, each of which then has a place.
struct AffinityWish {
    bool hard, soft;
};
Result<AffinityWish> affinity_wish(const xen_domctl_vcpuaffinity& wish) {
    const AffinityWish about{(wish.flags & XEN_VCPUAFFINITY_HARD) != 0, (wish.flags & XEN_VCPUAFFINITY_SOFT) != 0};
    const bool nowhere =
        (about.hard && wish.cpumap_hard.bitmap.p == nullptr) || (about.soft && wish.cpumap_soft.bitmap.p == nullptr);
    if (wish.flags == 0 || nowhere) return refuse(Error::invalid);
    return about;
}

}  // namespace

Result<> vcpu_affinity(Domain& domain, xen_domctl_t& request) {
    const auto& wish = request.u.vcpuaffinity;
    const Vcpu* const vcpu = TRY(vcpu_named(domain, wish.vcpu));
    const auto about = TRY(affinity_wish(wish));
    if (about.hard) TRY(write_bit_map(wish.cpumap_hard, vcpu->unit.affinity()));
    if (about.soft) TRY(write_bit_map(wish.cpumap_soft, vcpu->unit.preferred()));
    return {};
}

// Tells back what the CPUs that are online leave of the wish.
Result<> set_vcpu_affinity(Domain& domain, xen_domctl_t& request) {
    const auto& wish = request.u.vcpuaffinity;
    Vcpu* const vcpu = TRY(vcpu_named(domain, wish.vcpu));
    const auto about = TRY(affinity_wish(wish));
    const CpuMask hard = about.hard ? TRY(read_bit_map(wish.cpumap_hard)) : vcpu->unit.affinity();
    const CpuMask soft = about.soft ? TRY(read_bit_map(wish.cpumap_soft)) : vcpu->unit.preferred();
    TRY(scheduler().set_affinity(vcpu->unit, hard, soft));
    const CpuMask usable = hard & scheduler().online();
    if (about.hard) TRY(write_bit_map(wish.cpumap_hard, usable));
    if (about.soft) TRY(write_bit_map(wish.cpumap_soft, soft & usable));
    return {};
}

Result<> send_trigger(Domain& domain, xen_domctl_t& request) {
    Vcpu* const vcpu = domain.vcpu(VcpuId(request.u.sendtrigger.vcpu));
    if (vcpu == nullptr) return refuse(Error::no_such_process);
    switch (request.u.sendtrigger.trigger) {
        case XEN_DOMCTL_SENDTRIGGER_NMI: raise_nmi(*vcpu); return {};
        case XEN_DOMCTL_SENDTRIGGER_POWER:
        case XEN_DOMCTL_SENDTRIGGER_SLEEP: return refuse(Error::invalid);
        default: return refuse(Error::not_implemented);
    }
}

}  // namespace basalt::hypercalls
