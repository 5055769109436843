// One domain, as tools of the privileged domain see and steer it (<xen/domctl.h>).
#include "domain/run.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/tools.hpp"

namespace basalt::hypercalls {
namespace {

using Request = xen_domctl_t;

Result<Domain*> domain_in(const Request& request) { return find_domain(DomainId(request.domain)); }

Result<Vcpu*> vcpu_in(const Request& request, std::uint32_t number) {
    Vcpu* const vcpu = TRY(domain_in(request))->vcpu(VcpuId(number));
    if (vcpu == nullptr) return refuse(Error::no_such_process);
    return vcpu;
}

Result<> domain_info(Request& request) {
    // An absent domain is no_such_process: tools find the end of the list by it.
    request.u.getdomaininfo = describe(*TRY(domain_in(request)));
    request.domain = request.u.getdomaininfo.domain;
    return {};
}

Result<> vcpu_info(Request& request) {
    auto& info = request.u.getvcpuinfo;
    Vcpu* const vcpu = TRY(vcpu_in(request, info.vcpu));
    const vcpu_runstate_info state = scheduler().runstate(vcpu->unit);
    info.online = vcpu->unit.is_up() ? 1 : 0;
    info.blocked = vcpu->unit.blocked() ? 1 : 0;
    info.running = state.state == RUNSTATE_running ? 1 : 0;
    info.cpu_time = state.time[RUNSTATE_running];
    info.cpu = vcpu->unit.cpu().raw;
    return {};
}

Result<> vcpu_affinity(Request& request) {
    const auto& wish = request.u.vcpuaffinity;
    const Vcpu* const vcpu = TRY(vcpu_in(request, wish.vcpu));
    if ((wish.flags & XEN_VCPUAFFINITY_HARD) != 0) TRY(write_bit_map(wish.cpumap_hard, vcpu->unit.affinity()));
    if ((wish.flags & XEN_VCPUAFFINITY_SOFT) != 0) TRY(write_bit_map(wish.cpumap_soft, vcpu->unit.preferred()));
    return {};
}

// Tells back what the CPUs that are online leave of the wish.
Result<> set_vcpu_affinity(Request& request) {
    const auto& wish = request.u.vcpuaffinity;
    Vcpu* const vcpu = TRY(vcpu_in(request, wish.vcpu));
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

Result<> scheduling(Request& request) {
    auto& wish = request.u.scheduler_op;
    Domain* const domain = TRY(domain_in(request));
    if (wish.sched_id != XEN_SCHEDULER_CREDIT2) return refuse(Error::invalid);
    if (wish.cmd == XEN_DOMCTL_SCHEDOP_getinfo) {
        wish.u.credit2 = {.weight = static_cast<std::uint16_t>(domain->share.weight()),
                          .cap = static_cast<std::uint16_t>(domain->share.cap())};
        return {};
    }
    if (wish.cmd != XEN_DOMCTL_SCHEDOP_putinfo) return refuse(Error::invalid);
    // Weight 0 leaves the weight as it is; a cap beyond 16 bits means the same.
    const auto& credit = wish.u.credit2;
    return scheduler().set_parameters(
        domain->share, {.weight = credit.weight != 0 ? credit.weight : domain->share.weight(), .cap = credit.cap});
}

constexpr auto calls = std::to_array<Subcall>({
    {XEN_DOMCTL_getdomaininfo, "getdomaininfo", Asker::privileged, Structured<domain_info>::act, "describe a domain"},
    {XEN_DOMCTL_getvcpuinfo, "getvcpuinfo", Asker::privileged, Structured<vcpu_info>::act, "describe a vcpu"},
    {XEN_DOMCTL_getvcpuaffinity, "getvcpuaffinity", Asker::privileged, Structured<vcpu_affinity>::act,
     "tell on which CPUs a vcpu may, and had better, run"},
    {XEN_DOMCTL_setvcpuaffinity, "setvcpuaffinity", Asker::privileged, Structured<set_vcpu_affinity>::act,
     "say on which CPUs a vcpu may, and had better, run"},
    {XEN_DOMCTL_scheduler_op, "scheduler_op", Asker::privileged, Structured<scheduling>::act,
     "tell or set a domain's weight and cap"},
});

}  // namespace

Result<std::int64_t> domctl(GuestPointer<xen_domctl_t> request) {
    const auto words = request.as<std::uint32_t>();
    const auto command = TRY(words.read());
    if (TRY((words + 1).read()) != XEN_DOMCTL_INTERFACE_VERSION) return refuse(Error::access_denied);
    return subcall<calls>("domctl", command, request.address());
}

}  // namespace basalt::hypercalls
