// One domain, as tools of the privileged domain make, see, steer and end it (<xen/domctl.h>).
#include <type_traits>

#include "hypercalls/commands.hpp"
#include "hypercalls/cpu_policies.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "hypercalls/handlers.hpp"
#include "table/domctl.hpp"

namespace basalt::hypercalls {
namespace {

using Request = xen_domctl_t;

using Act = Step<> (*)(Domain& domain, Request& request);

template <std::uint32_t command, auto function>
consteval Bound<Act> does() {
    constexpr Act act = [](Domain& domain, Request& request) { return step_of(function(domain, request)); };
    return {command, act, {table::type_name<Request>(), sizeof(Request)}};
}

// A domain that does not exist yet is nobody's: whom this is given is no matter.
Result<> create_new(Domain&, Request& request) { return create(request); }

constexpr auto commands = bind<table::domctl, Act>({
    does<XEN_DOMCTL_createdomain, create_new>(),
    does<XEN_DOMCTL_destroydomain, destroy>(),
    does<XEN_DOMCTL_pausedomain, pause>(),
    does<XEN_DOMCTL_unpausedomain, unpause>(),
    does<XEN_DOMCTL_resumedomain, resume_after_shutdown>(),
    does<XEN_DOMCTL_getdomaininfo, domain_info>(),
    does<XEN_DOMCTL_max_vcpus, set_vcpu_count>(),
    does<XEN_DOMCTL_max_mem, set_most_memory>(),
    does<XEN_DOMCTL_setdomainhandle, set_handle>(),
    does<XEN_DOMCTL_settimeoffset, set_time_offset>(),
    does<XEN_DOMCTL_get_address_size, address_size>(),
    does<XEN_DOMCTL_set_address_size, set_address_size>(),
    does<XEN_DOMCTL_getnodeaffinity, node_affinity>(),
    does<XEN_DOMCTL_setnodeaffinity, set_node_affinity>(),
    does<XEN_DOMCTL_hypercall_init, write_hypercall_page>(),
    does<XEN_DOMCTL_getvcpuinfo, vcpu_info>(),
    does<XEN_DOMCTL_getvcpucontext, vcpu_context>(),
    does<XEN_DOMCTL_setvcpucontext, set_vcpu_context>(),
    does<XEN_DOMCTL_getvcpuaffinity, vcpu_affinity>(),
    does<XEN_DOMCTL_setvcpuaffinity, set_vcpu_affinity>(),
    does<XEN_DOMCTL_sendtrigger, send_trigger>(),
    does<XEN_DOMCTL_get_cpu_policy, get_cpu_policy>(),
    does<XEN_DOMCTL_set_cpu_policy, set_cpu_policy>(),
    does<XEN_DOMCTL_gettscinfo, get_tsc_info>(),
    does<XEN_DOMCTL_settscinfo, set_tsc_info>(),
    does<XEN_DOMCTL_scheduler_op, schedule_parameters>(),
});

// By this tools find all domains one by one, and each new one.
Result<Domain*> first_domain_from(DomainId id) {
    if (id.raw >= DOMID_FIRST_RESERVED) return refuse(Error::invalid);
    Domain* const domain = domain_from(id);
    if (domain == nullptr) return refuse(Error::no_such_process);
    return domain;
}

Result<Domain*> domain_for(Whom whom, DomainId id) {
    Domain& caller = running().domain;
    if (whom == Whom::nobody) return &caller;
    if (whom == Whom::first_from) return first_domain_from(id);
    Domain* const domain = TRY(listed_domain(id));
    const bool dying_too = whom == Whom::anyone || whom == Whom::another_dying;
    if (!dying_too && domain->is_dying()) return refuse(Error::no_such_process);
    const bool self_too = whom == Whom::anyone || whom == Whom::living;
    if (!self_too && domain == &caller) return refuse(Error::invalid);
    return domain;
}

// Two requests about one domain wait for each other.
Step<> act_alone(const Command<Act>& command, Domain& domain, Request& request) {
    const Control control(domain);
    return control.alone() ? command.act(domain, request) : Step<>(Again{});
}

Ending act(Registers& registers, const Command<Act>& command, GuestPointer<Request> pointer, Request& request) {
    const auto domain = domain_for(command.whom, DomainId(request.domain));
    if (!domain) return answer(registers, refuse(domain.error()));
    const Step<> step = command.whom == Whom::nobody ? command.act(**domain, request) : act_alone(command, **domain, request);
    if (step.again() != nullptr) return Ending::resume;
    const bool refused = step.refused() != nullptr;
    const auto told = refused && !command.told_when_refused ? Result<>{} : pointer.write(request);
    return answer(registers, refused ? refuse(*step.refused()) : told);
}

}  // namespace

// rdi: xen_domctl_t.
Ending domctl(Registers& registers) {
    const GuestPointer<Request> pointer(registers.rdi);
    auto request = pointer.read();
    if (!request) return answer(registers, refuse(request.error()));
    if (request->interface_version != table::domctl.interface_version) return answer(registers, refuse(Error::access_denied));
    const auto command = commands.find(request->cmd);
    if (!command) return answer(registers, refuse(command.error()));
    return act(registers, **command, pointer, *request);
}

Result<Vcpu*> vcpu_named(Domain& domain, std::uint32_t number) {
    Vcpu* const vcpu = domain.vcpu(VcpuId(number));
    if (vcpu == nullptr) return refuse(number < domain.vcpu_limit ? Error::no_such_process : Error::invalid);
    return vcpu;
}

}  // namespace basalt::hypercalls
