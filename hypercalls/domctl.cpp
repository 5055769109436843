// One domain, as tools of the privileged domain make, see, steer and end it (<xen/domctl.h>).
#include <type_traits>

#include "hypercalls/cpu_policies.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/pause.hpp"

namespace basalt::hypercalls {
namespace {

using Request = xen_domctl_t;

enum class Whom : std::uint8_t {
    anyone,        // a dying domain too
    first_from,    // a dying domain too; where there is none, the one with the next higher number
    living,
    another,       // living, and not the caller
    another_dying  // not the caller
};

struct DomctlSubcall {
    std::uint32_t command;
    std::string_view name;
    Whom whom;
    Step<> (*act)(Domain& domain, Request& request);
    std::string_view effect;
};

template <auto function>
Step<> about(Domain& domain, Request& request) {
    if constexpr (std::is_same_v<decltype(function(domain, request)), Step<>>) {
        return function(domain, request);
    } else {
        const Result<> result = function(domain, request);
        return result ? Step<>(std::monostate{}) : Step<>(refuse(result.error()));
    }
}

constexpr auto calls = std::to_array<DomctlSubcall>({
    {XEN_DOMCTL_destroydomain, "destroydomain", Whom::another_dying, about<destroy>, "end a domain for good"},
    {XEN_DOMCTL_pausedomain, "pausedomain", Whom::another, about<pause>, "let none of its vcpus run"},
    {XEN_DOMCTL_unpausedomain, "unpausedomain", Whom::another, about<unpause>, "take one such pause back"},
    {XEN_DOMCTL_resumedomain, "resumedomain", Whom::another, about<resume_after_shutdown>,
     "let it run on as if it had not shut down"},
    {XEN_DOMCTL_getdomaininfo, "getdomaininfo", Whom::first_from, about<domain_info>,
     "describe a domain, or the next after it"},
    {XEN_DOMCTL_max_vcpus, "max_vcpus", Whom::living, about<set_vcpu_count>, "give it its vcpus"},
    {XEN_DOMCTL_max_mem, "max_mem", Whom::living, about<set_most_memory>, "say how many frames it may have"},
    {XEN_DOMCTL_setdomainhandle, "setdomainhandle", Whom::living, about<set_handle>, "set tools' own name for it"},
    {XEN_DOMCTL_get_address_size, "get_address_size", Whom::living, about<address_size>, "tell its kernel's word size"},
    {XEN_DOMCTL_set_address_size, "set_address_size", Whom::living, about<set_address_size>,
     "say its kernel's word size: 64 bits"},
    {XEN_DOMCTL_getnodeaffinity, "getnodeaffinity", Whom::living, about<node_affinity>, "tell its node: the only one"},
    {XEN_DOMCTL_setnodeaffinity, "setnodeaffinity", Whom::living, about<set_node_affinity>,
     "say which nodes its memory had better come from"},
    {XEN_DOMCTL_hypercall_init, "hypercall_init", Whom::living, about<write_hypercall_page>,
     "write the hypercall page into one of its frames"},
    {XEN_DOMCTL_getvcpuinfo, "getvcpuinfo", Whom::living, about<vcpu_info>, "describe a vcpu"},
    {XEN_DOMCTL_getvcpucontext, "getvcpucontext", Whom::another, about<vcpu_context>, "read a vcpu's state"},
    {XEN_DOMCTL_setvcpucontext, "setvcpucontext", Whom::another, about<set_vcpu_context>, "set a vcpu's state"},
    {XEN_DOMCTL_getvcpuaffinity, "getvcpuaffinity", Whom::living, about<vcpu_affinity>,
     "tell on which CPUs a vcpu may, and had better, run"},
    {XEN_DOMCTL_setvcpuaffinity, "setvcpuaffinity", Whom::living, about<set_vcpu_affinity>,
     "say on which CPUs a vcpu may, and had better, run"},
    {XEN_DOMCTL_get_cpu_policy, "get_cpu_policy", Whom::anyone, about<get_cpu_policy>, "read its CPUID policy"},
    {XEN_DOMCTL_set_cpu_policy, "set_cpu_policy", Whom::another, about<set_cpu_policy>,
     "choose its CPUID policy, before it runs"},
    {XEN_DOMCTL_gettscinfo, "gettscinfo", Whom::another, about<get_tsc_info>, "tell how its TSC runs"},
    {XEN_DOMCTL_settscinfo, "settscinfo", Whom::another, about<set_tsc_info>, "say how its TSC runs: natively"},
    {XEN_DOMCTL_scheduler_op, "scheduler_op", Whom::living, about<schedule_parameters>,
     "tell or set a domain's weight and cap"},
});

// By this tools find all domains one by one, and each new one.
Result<Domain*> first_domain_from(DomainId id) {
    if (id.raw >= DOMID_FIRST_RESERVED) return refuse(Error::invalid);
    Domain* const domain = domain_from(id);
    if (domain == nullptr) return refuse(Error::no_such_process);
    return domain;
}

Result<Domain*> domain_for(const DomctlSubcall& call, const Request& request) {
    if (call.whom == Whom::first_from) return first_domain_from(DomainId(request.domain));
    Domain* const domain = TRY(listed_domain(DomainId(request.domain)));
    const bool dying_too = call.whom == Whom::anyone || call.whom == Whom::another_dying;
    if (!dying_too && domain->is_dying()) return refuse(Error::no_such_process);
    const bool self_too = call.whom == Whom::anyone || call.whom == Whom::living;
    if (!self_too && domain == &running().domain) return refuse(Error::invalid);
    return domain;
}

// What a refused call has to say is in the request too.
Ending finish(Registers& registers, GuestPointer<Request> pointer, const Request& request, Result<> result) {
    const auto told = pointer.write(request);
    return answer(registers, result ? told : result);
}

Ending act(Registers& registers, const DomctlSubcall& call, GuestPointer<Request> pointer, Request& request) {
    const auto domain = domain_for(call, request);
    if (!domain) return answer(registers, refuse(domain.error()));
    const Control control(**domain);
    if (!control.alone()) {
        poll_interrupts();
        return Ending::resume;
    }
    const Step<> step = call.act(**domain, request);
    if (step.again() != nullptr) {
        poll_interrupts();
        return Ending::resume;
    }
    return finish(registers, pointer, request, step.refused() != nullptr ? Result<>(refuse(*step.refused())) : Result<>());
}

}  // namespace

// rdi: xen_domctl_t.
Ending domctl(Registers& registers) {
    const GuestPointer<Request> pointer(registers.rdi);
    auto request = pointer.read();
    if (!request) return answer(registers, refuse(request.error()));
    if (request->interface_version != XEN_DOMCTL_INTERFACE_VERSION) return answer(registers, refuse(Error::access_denied));
    if (request->cmd == XEN_DOMCTL_createdomain)
        return finish(registers, pointer, *request, create(*request));
    const DomctlSubcall* const call = row_of<calls>(request->cmd);
    if (call == nullptr) return answer(registers, subcall_unknown("domctl", request->cmd));
    return act(registers, *call, pointer, *request);
}

Result<Vcpu*> vcpu_named(Domain& domain, std::uint32_t number) {
    Vcpu* const vcpu = domain.vcpu(VcpuId(number));
    if (vcpu == nullptr) return refuse(Error::invalid);
    return vcpu;
}

}  // namespace basalt::hypercalls
