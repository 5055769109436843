// Event channels, as guests make and use them (<xen/event_channel.h>).
#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "domain/shared_frames.hpp"
#include "hypercalls/commands.hpp"
#include "table/event_channel_op.hpp"

namespace basalt::hypercalls {
namespace {

events::EventChannels& own() { return running().domain.events; }

Result<> alloc_unbound(Domain& domain, evtchn_alloc_unbound_t& request) {
    const DomainId peer = request.remote_dom == DOMID_SELF ? running().domain.id : DomainId(request.remote_dom);
    request.port = TRY(domain.events.allocate_unbound(peer)).raw;
    return {};
}

// The other domain has named this one as who may bind: that is the permission.
Result<> bind_interdomain(evtchn_bind_interdomain_t& request) {
    Domain* const remote = TRY(living_domain(DomainId(request.remote_dom)));
    request.local_port = TRY(own().bind_interdomain(remote->events, Port(request.remote_port))).raw;
    return {};
}

Result<> bind_virq(evtchn_bind_virq_t& request) {
    if (request.virq >= NR_VIRQS) return refuse(Error::invalid);
    request.port = TRY(own().bind_virq(Virq(request.virq), VcpuId(request.vcpu))).raw;
    return {};
}

Result<> bind_ipi(evtchn_bind_ipi_t& request) {
    request.port = TRY(own().bind_ipi(VcpuId(request.vcpu))).raw;
    return {};
}

Result<> bind_pirq(evtchn_bind_pirq_t& request) {
    if (request.pirq >= pirq_end) return refuse(Error::invalid);
    request.port = TRY(own().bind_pirq(Pirq(request.pirq), (request.flags & BIND_PIRQ__WILL_SHARE) != 0)).raw;
    return {};
}

Result<> close(const evtchn_close_t& request) { return own().close(Port(request.port)); }
Result<> send(const evtchn_send_t& request) { return own().send(Port(request.port)); }
Result<> unmask(const evtchn_unmask_t& request) { return own().unmask(Port(request.port)); }

Result<> status(Domain& domain, evtchn_status_t& request) {
    evtchn_status_t found = TRY(domain.events.status(Port(request.port)));
    found.dom = request.dom;
    found.port = request.port;
    request = found;
    return {};
}

Result<> bind_vcpu(const evtchn_bind_vcpu_t& request) { return own().bind_vcpu(Port(request.port), VcpuId(request.vcpu)); }

Result<> set_priority(const evtchn_set_priority_t& request) { return own().set_priority(Port(request.port), request.priority); }

// The control block lies in a page of the guest's, wholly, and aligned.
Result<> init_control(evtchn_init_control_t& request) {
    Domain& domain = running().domain;
    if (domain.vcpu(VcpuId(request.vcpu)) == nullptr) return refuse(Error::no_entry);
    constexpr std::size_t last = page_size - sizeof(evtchn_fifo_control_block_t);
    if (request.offset > last || request.offset % sizeof(std::uint64_t) != 0) return refuse(Error::invalid);
    auto page = TRY(share_guest_page(domain, Pfn(request.control_gfn)));
    TRY(domain.events.init_control(VcpuId(request.vcpu), std::move(page), request.offset));
    request.link_bits = EVTCHN_FIFO_LINK_BITS;
    return {};
}

Result<> expand_array(const evtchn_expand_array_t& request) {
    auto page = TRY(share_guest_page(running().domain, Pfn(request.array_gfn)));
    return own().expand_array(std::move(page));
}

// Every port of a domain is closed, a bounded number at a time; progress is in the table itself.
Step<> reset(Domain& domain, const evtchn_reset_t&) { return domain.events.reset(); }

constexpr auto commands = bind<table::event_channel_op>(
    does<EVTCHNOP_bind_interdomain, bind_interdomain>, does<EVTCHNOP_bind_virq, bind_virq>, does<EVTCHNOP_bind_pirq, bind_pirq>,
    does<EVTCHNOP_close, close>, does<EVTCHNOP_send, send>, does<EVTCHNOP_status, status>,
    does<EVTCHNOP_alloc_unbound, alloc_unbound>, does<EVTCHNOP_bind_ipi, bind_ipi>, does<EVTCHNOP_bind_vcpu, bind_vcpu>,
    does<EVTCHNOP_unmask, unmask>, does<EVTCHNOP_reset, reset>, does<EVTCHNOP_init_control, init_control>,
    does<EVTCHNOP_expand_array, expand_array>, does<EVTCHNOP_set_priority, set_priority>);

}  // namespace

template <>
Ending hypercall<table::event_channel_op>(Call call) {
    return give(commands, call);
}

}  // namespace basalt::hypercalls
