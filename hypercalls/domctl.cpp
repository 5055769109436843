// One domain, as tools of the privileged domain make, see, steer and end it (<xen/domctl.h>).
#include "abi/domctl.hpp"
#include "abi/xen.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/cpu_policies.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "table/domctl.hpp"

namespace basalt::hypercalls {
namespace {

using Request = xen_domctl_t;

constexpr auto commands = bind_read<table::domctl, Request&, Domain*, Steering*>(
    does<XEN_DOMCTL_createdomain, create>, does<XEN_DOMCTL_destroydomain, destroy>, does<XEN_DOMCTL_pausedomain, pause>,
    does<XEN_DOMCTL_unpausedomain, unpause>, does<XEN_DOMCTL_resumedomain, resume_after_shutdown>,
    does<XEN_DOMCTL_getdomaininfo, domain_info>, does<XEN_DOMCTL_max_vcpus, set_vcpu_count>,
    does<XEN_DOMCTL_max_mem, set_most_memory>, does<XEN_DOMCTL_setdomainhandle, set_handle>,
    does<XEN_DOMCTL_settimeoffset, set_time_offset>, does<XEN_DOMCTL_get_address_size, address_size>,
    does<XEN_DOMCTL_set_address_size, set_address_size>, does<XEN_DOMCTL_getnodeaffinity, node_affinity>,
    does<XEN_DOMCTL_setnodeaffinity, set_node_affinity>, does<XEN_DOMCTL_hypercall_init, write_hypercall_page>,
    does<XEN_DOMCTL_getvcpuinfo, vcpu_info>, does<XEN_DOMCTL_getvcpucontext, vcpu_context>,
    does<XEN_DOMCTL_setvcpucontext, set_vcpu_context>, does<XEN_DOMCTL_getvcpuaffinity, vcpu_affinity>,
    does<XEN_DOMCTL_setvcpuaffinity, set_vcpu_affinity>, does<XEN_DOMCTL_sendtrigger, send_trigger>,
    does<XEN_DOMCTL_get_cpu_policy, get_cpu_policy>, does<XEN_DOMCTL_set_cpu_policy, set_cpu_policy>,
    does<XEN_DOMCTL_set_paging_mempool_size, set_paging_memory>, does<XEN_DOMCTL_get_paging_mempool_size, paging_memory>,
    does<XEN_DOMCTL_sethvmcontext, set_hvm_context>, does<XEN_DOMCTL_gethvmcontext, hvm_context>,
    does<XEN_DOMCTL_gettscinfo, get_tsc_info>, does<XEN_DOMCTL_settscinfo, set_tsc_info>,
    does<XEN_DOMCTL_scheduler_op, schedule_parameters>);

using Act = Step<> (*)(Request&, Domain*, Steering*);

// Two requests about one domain wait for each other.
Step<> act_alone(const Command<Act>& command, Domain& domain, Request& request) {
    return domain.control.try_with([&](Steering& steering) { return command.act(request, &domain, &steering); }, Again{});
}

Ending act(Call call, const Command<Act>& command, GuestPointer<Request> pointer, Request& request) {
    const auto domain = subject(command.asker, command.whom, DomainId(request.domain));
    if (!domain) return answer(call, refuse(domain.error()));
    const Step<> step =
        command.whom == Whom::nobody ? command.act(request, nullptr, nullptr) : act_alone(command, **domain, request);
    if (step.again() != nullptr) return Ending::resume;
    const bool refused = step.refused() != nullptr;
    const auto told = refused && !command.told_when_refused ? Result<>{} : pointer.write(request);
    return answer(call, refused ? refuse(*step.refused()) : told);
}

Ending domctl(Call call, GuestPointer<xen_domctl_t> pointer) {
    auto request = pointer.read();
    if (!request) return answer(call, refuse(request.error()));
    if (request->interface_version != table::domctl.interface_version) return answer(call, refuse(Error::access_denied));
    const auto command = commands.find(request->cmd);
    if (!command) return answer(call, refuse(command.error()));
    return act(call, **command, pointer, *request);
}

}  // namespace

template <>
Ending hypercall<table::domctl>(Call call) {
    return decoded<domctl>(call);
}

Result<Vcpu*> vcpu_named(Domain& domain, std::uint32_t number) {
    Vcpu* const vcpu = domain.vcpu(VcpuId(number));
    if (vcpu == nullptr) return refuse(number < domain.vcpu_limit ? Error::no_such_process : Error::invalid);
    return vcpu;
}

}  // namespace basalt::hypercalls
