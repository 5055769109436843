// What a domain is, and may have.
#include <algorithm>

#include "domain/run.hpp"
#include "guests/pv/hypercall_page.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "hypercalls/tools.hpp"
#include "paging/take.hpp"

namespace basalt::hypercalls {

Result<> domain_info(Domain& domain, xen_domctl_t& request) {
    request.u.getdomaininfo = describe(domain);
    request.domain = domain.id.raw;
    return {};
}

// All vcpus up to this number come into being, down; there are never fewer than before.
Result<> set_vcpu_count(Domain& domain, xen_domctl_t& request) {
    const std::uint32_t wanted = request.u.max_vcpus.max;
    if (wanted == 0 || wanted > domain.vcpu_limit) return refuse(Error::invalid);
    while (domain.vcpus().size() < wanted) TRY(domain.add_vcpu());
    return {};
}

Result<> set_most_memory(Domain& domain, xen_domctl_t& request) {
    constexpr unsigned kib_in_page_shift = 2;
    domain.memory.most = request.u.max_mem.max_memkb >> kib_in_page_shift;
    return {};
}

Result<> set_handle(Domain& domain, xen_domctl_t& request) {
    std::ranges::copy(request.u.setdomainhandle.handle, domain.handle.begin());
    return {};
}

constexpr std::uint32_t word_bits = 64;

Result<> address_size(Domain&, xen_domctl_t& request) {
    request.u.address_size.size = word_bits;
    return {};
}

Result<> set_address_size(Domain&, xen_domctl_t& request) {
    return request.u.address_size.size == word_bits ? Result<>{} : refuse(Error::invalid);
}

Result<> node_affinity(Domain&, xen_domctl_t& request) {
    return write_bit_map(request.u.nodeaffinity.nodemap, CpuMask{1});
}

Result<> set_node_affinity(Domain&, xen_domctl_t& request) {
    const CpuMask nodes = TRY(read_bit_map(request.u.nodeaffinity.nodemap));
    return nodes.empty() ? refuse(Error::invalid) : Result<>{};
}

Result<> write_hypercall_page(Domain& domain, xen_domctl_t& request) {
    const Mfn mfn(request.u.hypercall_init.gmfn);
    auto use = paging::take_writable(mfn, domain.memory);
    if (!use) return refuse(Error::access_denied);
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
    return scheduler().set_parameters(
        domain.share, {.weight = credit.weight != 0 ? credit.weight : domain.share.weight(), .cap = credit.cap});
}

}  // namespace basalt::hypercalls
