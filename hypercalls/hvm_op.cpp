// What hardware-assisted guests and their tools ask (<xen/hvm/hvm_op.h>).
#include "abi/hvm_op.hpp"
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "guests/hvm/upcall.hpp"
#include "hypercalls/commands.hpp"
#include "table/hvm_op.hpp"

namespace basalt::hypercalls {
namespace {

using By = HvmParameters::By;

// Of a hardware-assisted guest, after a number that there is.
Result<Domain*> with_parameter(Subject subject, std::uint32_t index) {
    if (index >= HvmParameters::count) return refuse(Error::invalid);
    Domain* const domain = TRY(subject);
    if (domain->kind != GuestKind::hvm) return refuse(Error::invalid);
    return domain;
}

By asked_by(const Domain& domain) { return &domain == &running().domain ? By::itself : By::tools; }

Result<> set_param(Subject subject, const xen_hvm_param_t& request) {
    Domain& domain = *TRY(with_parameter(subject, request.index));
    TRY(domain.hvm_parameters.set(request.index, request.value, asked_by(domain)));
    if (request.index == HVM_PARAM_CALLBACK_IRQ) hvm::tell_all_again(domain);
    return {};
}

Result<> get_param(Subject subject, xen_hvm_param_t& request) {
    Domain& domain = *TRY(with_parameter(subject, request.index));
    request.value = TRY(domain.hvm_parameters.tell(request.index, asked_by(domain)));
    return {};
}

// Xen, too, looks at who asks first.
Result<> set_evtchn_upcall_vector(IfThere<xen_hvm_evtchn_upcall_vector_t> given) {
    const Domain& domain = running().domain;
    if (domain.kind != GuestKind::hvm) return refuse(Error::invalid);
    const xen_hvm_evtchn_upcall_vector_t& request = *TRY(given);
    if (request.vector < hvm::first_vector) return refuse(Error::invalid);
    Vcpu* const vcpu = domain.vcpu(VcpuId(request.vcpu));
    if (vcpu == nullptr) return refuse(Error::no_entry);
    hvm::set_upcall_vector(*vcpu, request.vector);
    return {};
}

constexpr auto commands = bind<table::hvm_op>(does<HVMOP_set_param, set_param>, does<HVMOP_get_param, get_param>,
                                              does<HVMOP_set_evtchn_upcall_vector, set_evtchn_upcall_vector>);

}   // namespace

template <>
Ending hypercall<table::hvm_op>(Call call) {
    return give(commands, call);
}

}   // namespace basalt::hypercalls
