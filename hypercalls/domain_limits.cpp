// What a domain is, and may have.
#include <algorithm>

#include "abi/domctl.hpp"
#include "devices/nodes.hpp"
#include "domain/guest_time.hpp"
#include "domain/run.hpp"
#include "guests/pv/hypercall_page.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "hypercalls/tool_structures.hpp"
#include "paging/take.hpp"

namespace basalt::hypercalls {

Result<> domain_info(Domain& domain, xen_domctl_t& request) {
    request.u.getdomaininfo = describe(domain);
    request.domain = domain.id.raw;
    return {};
}

// All vcpus come into being, down. How many that is, createdomain has said.
Result<> set_vcpu_count(Domain& domain, Steering& steering, xen_domctl_t& request) {
    if (request.u.max_vcpus.max != domain.vcpu_limit) return refuse(Error::invalid);
    return steering.add_vcpus();
}

Result<> set_most_memory(Domain& domain, xen_domctl_t& request) {
    constexpr unsigned kib_in_page_shift = 2;
    constexpr std::uint64_t as_many_as_there_are = 0xffff'ffff;
    domain.memory.most = std::min(request.u.max_mem.max_memkb >> kib_in_page_shift, as_many_as_there_are);
    return {};
}

Result<> set_handle(Domain& domain, xen_domctl_t& request) {
    domain.handle.with([&](DomainHandle& handle) { std::ranges::copy(request.u.setdomainhandle.handle, handle.begin()); });
    return {};
}

Result<> set_time_offset(Domain& domain, xen_domctl_t& request) {
    set_clock_offset(domain, request.u.settimeoffset.time_offset_seconds);
    return {};
}

constexpr std::uint32_t word_bits = 64;

Result<> address_size(Domain&, xen_domctl_t& request) {
    request.u.address_size.size = word_bits;
    return {};
}

Result<> set_address_size(Domain&, xen_domctl_t& request) {
    const auto bits = request.u.address_size.size;
    if (bits == 32) return refuse(Error::not_supported);
    return bits == word_bits ? Result<>{} : refuse(Error::invalid);
}

namespace {

// Tools' sets of nodes look like sets of CPUs.
using NodeMask = CpuMask;
static_assert(most_nodes == most_cpus);
constexpr NodeMask all_nodes{~std::uint64_t{0}};

NodeMask online_nodes() {
    NodeMask nodes;
    for (std::uint32_t node = 0; node < node_numbers(); ++node)
        if (is_online(NodeId(node))) nodes = nodes.with(CpuId(node));
    return nodes;
}

// Of the CPUs where its vcpus would run, or where they may.
NodeMask nodes_of_vcpus(const Domain& domain) {
    if (domain.vcpus().empty()) return all_nodes;
    CpuMask may, would;
    for (const Vcpu* vcpu : domain.vcpus()) {
        may = may | vcpu->unit.affinity();
        would = would | vcpu->unit.preferred();
    }
    may = may & scheduler().online();
    would = would & may;
    NodeMask nodes;
    (would.empty() ? may : would).for_each([&](CpuId cpu) { nodes = nodes.with(CpuId(node_of(cpu).raw)); });
    return nodes;
}

}  // namespace

Result<> node_affinity(Domain& domain, xen_domctl_t& request) {
    const NodeMask chosen{domain.memory.nodes.load(std::memory_order_relaxed)};
    return write_bit_map(request.u.nodeaffinity.nodemap, chosen.empty() ? nodes_of_vcpus(domain) : chosen);
}

// All that there could be: as if nobody had said anything.
Result<> set_node_affinity(Domain& domain, xen_domctl_t& request) {
    const NodeMask nodes = TRY(read_bit_map(request.u.nodeaffinity.nodemap));
    if ((nodes & online_nodes()).empty()) return refuse(Error::invalid);
    domain.memory.nodes.store(nodes == all_nodes ? 0 : nodes.bits, std::memory_order_relaxed);
    return {};
}

Result<> write_hypercall_page(Domain& domain, xen_domctl_t& request) {
    if (domain.kind != GuestKind::pv) return refuse(Error::not_supported);   // it has another, by its own MSR
    const Mfn mfn(request.u.hypercall_init.gmfn);
    auto use = paging::take_writable(mfn, domain.memory);
    if (!use) return paging::refuse_as(use.error() == Error::busy ? Error::not_permitted : Error::invalid, use.error());
    basalt::write_hypercall_page(static_cast<std::byte*>(contents(mfn)));
    return {};
}

Result<> schedule_parameters(Domain& domain, xen_domctl_t& request) {
    auto& wish = request.u.scheduler_op;
    if (wish.sched_id != XEN_SCHEDULER_CREDIT2) return refuse(Error::invalid);
    if (wish.cmd == XEN_DOMCTL_SCHEDOP_getinfo) {
        wish.u.credit2 = {.weight = static_cast<std::uint16_t>(domain.share.weight()),
                          .cap = static_cast<std::uint16_t>(domain.share.cap())};
        return {};
    }
    if (wish.cmd != XEN_DOMCTL_SCHEDOP_putinfo) return refuse(Error::invalid);
    // Weight 0 leaves the weight as it is.
    const auto& credit = wish.u.credit2;
    constexpr std::size_t whole_cpu = 100;
    if (credit.cap > domain.vcpus().size() * whole_cpu) return refuse(Error::invalid);
    return scheduler().set_parameters(
        domain.share, {.weight = credit.weight != 0 ? credit.weight : domain.share.weight(), .cap = credit.cap});
}

}  // namespace basalt::hypercalls
