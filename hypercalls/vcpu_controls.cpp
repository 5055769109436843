// The vcpus of a domain, as tools see and set them.
#include "domain/run.hpp"
#include "guests/pv/context.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "hypercalls/tools.hpp"
#include "memory/heap.hpp"

namespace basalt::hypercalls {
namespace {

// None of the domain's vcpus runs while this exists.
class Paused {
public:
    explicit Paused(const Domain& domain) : domain_(domain) {
        for (Vcpu* const vcpu : domain_.vcpus()) scheduler().pause(vcpu->unit);
        wait_until_off_cpu(domain_);
    }
    ~Paused() {
        for (Vcpu* const vcpu : domain_.vcpus()) scheduler().unpause(vcpu->unit);
    }
    Paused(const Paused&) = delete;
    Paused& operator=(const Paused&) = delete;

private:
    const Domain& domain_;
};

}  // namespace

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
Result<> vcpu_context(Domain& domain, xen_domctl_t& request) {
    Vcpu* const vcpu = TRY(vcpu_named(domain, request.u.vcpucontext.vcpu));
    if (!vcpu->initialised) return refuse(Error::no_data);
    const auto context = TRY(basalt::create<vcpu_guest_context>());
    {
        const Paused paused(domain);
        get_context(*vcpu, *context);
    }
    return GuestPointer<vcpu_guest_context>(reinterpret_cast<std::uint64_t>(request.u.vcpucontext.ctxt.p))
        .write(*context);
}

// With VGCF_online the vcpu is up afterwards.
Result<> set_vcpu_context(Domain& domain, xen_domctl_t& request) {
    const auto& wish = request.u.vcpucontext;
    Vcpu* const vcpu = TRY(vcpu_named(domain, wish.vcpu));
    if (wish.ctxt.p == nullptr) return refuse(Error::not_supported);   // a vcpu is not reset
    const auto context = TRY(basalt::create<vcpu_guest_context>());
    TRY(GuestPointer<vcpu_guest_context>(reinterpret_cast<std::uint64_t>(wish.ctxt.p)).read(std::span(context.get(), 1)));
    const Paused paused(domain);
    TRY(set_context(*vcpu, *context));
    if ((context->flags & VGCF_online) != 0) scheduler().release(vcpu->unit, Hold::down);
    return {};
}

Result<> vcpu_affinity(Domain& domain, xen_domctl_t& request) {
    const auto& wish = request.u.vcpuaffinity;
    const Vcpu* const vcpu = TRY(vcpu_named(domain, wish.vcpu));
    if ((wish.flags & XEN_VCPUAFFINITY_HARD) != 0) TRY(write_bit_map(wish.cpumap_hard, vcpu->unit.affinity()));
    if ((wish.flags & XEN_VCPUAFFINITY_SOFT) != 0) TRY(write_bit_map(wish.cpumap_soft, vcpu->unit.preferred()));
    return {};
}

// Tells back what the CPUs that are online leave of the wish.
Result<> set_vcpu_affinity(Domain& domain, xen_domctl_t& request) {
    const auto& wish = request.u.vcpuaffinity;
    Vcpu* const vcpu = TRY(vcpu_named(domain, wish.vcpu));
    const bool wants_hard = (wish.flags & XEN_VCPUAFFINITY_HARD) != 0;
    const bool wants_soft = (wish.flags & XEN_VCPUAFFINITY_SOFT) != 0;
    if (!wants_hard && !wants_soft) return refuse(Error::invalid);
    const CpuMask hard = wants_hard ? TRY(read_bit_map(wish.cpumap_hard)) : vcpu->unit.affinity();
    const CpuMask soft = wants_soft ? TRY(read_bit_map(wish.cpumap_soft)) : vcpu->unit.preferred();
    TRY(scheduler().set_affinity(vcpu->unit, hard, soft));
    const CpuMask usable = hard & scheduler().online();
    if (wants_hard) TRY(write_bit_map(wish.cpumap_hard, usable));
    if (wants_soft) TRY(write_bit_map(wish.cpumap_soft, soft & usable));
    return {};
}

}  // namespace basalt::hypercalls
