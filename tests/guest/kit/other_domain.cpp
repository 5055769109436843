#include "other_domain.hpp"

#include "case.hpp"
#include "clock.hpp"
#include "hypercall.hpp"
#include "paging.hpp"

#include <algorithm>
#include <cstring>

namespace kit {

std::int64_t domctl(unsigned command, unsigned domain, xen_domctl_t& request) {
    request.cmd = command;
    request.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    request.domain = static_cast<domid_t>(domain);
    return hypercall(__HYPERVISOR_domctl, &request);
}
std::int64_t domctl(unsigned command, unsigned domain) {
    xen_domctl_t request{};
    return domctl(command, domain, request);
}
std::int64_t sysctl(unsigned command, xen_sysctl_t& request) {
    request.cmd = command;
    request.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall(__HYPERVISOR_sysctl, &request);
}

std::int64_t map_foreign(const Page& window, unsigned domain, std::uint64_t mfn, std::uint64_t flags) {
    const auto status = mmu_update(slot_of(&window).machine(), entry(mfn, flags), static_cast<int>(domain));
    mmuext_op(MMUEXT_INVLPG_LOCAL, window.address());
    return status;
}

EmptyDomain::EmptyDomain(unsigned most_vcpus) {
    xen_domctl_t request{};
    request.u.createdomain = {.max_vcpus = most_vcpus, .max_evtchn_port = 10, .max_grant_frames = 1, .grant_opts = 1};
    expect_zero(domctl(XEN_DOMCTL_createdomain, 0, request));
    id = request.domain;
}

std::uint64_t free_pages() {
    const auto count = [] {
        xen_sysctl_t request{};
        sysctl(XEN_SYSCTL_physinfo, request);
        return request.u.physinfo.free_pages;
    };
    // What is left of a domain goes a little after it, when all CPUs have looked up: the answer is the number that has
    // stayed the same for so long.
    constexpr std::uint64_t at_rest = 100'000'000;      // nanoseconds
    std::uint64_t last = count(), since = now();
    while (now() - since < at_rest) {
        call<rows::sched_op, SCHEDOP_yield>();
        if (const std::uint64_t next = count(); next != last) last = next, since = now();
    }
    return last;
}

void expect_free_pages(std::uint64_t before, std::source_location where) {
    if (!on_stock_xen()) expect_equal(free_pages(), before, where);
}

namespace {
Page& window() {
    static Page& page = fresh_page();
    return page;
}
void close_window() {
    mmu_update(slot_of(&window()).machine(), 0);
    mmuext_op(MMUEXT_INVLPG_LOCAL, window().address());
}
}

void OtherDomain::create(std::span<xen_pfn_t> frames) {
    xen_domctl_t request{};
    auto& wanted = request.u.createdomain;
    wanted.max_vcpus = vcpus;
    wanted.max_evtchn_port = 1023;
    wanted.max_grant_frames = -1;
    wanted.max_maptrack_frames = most_mapping_frames;
    wanted.grant_opts = XEN_DOMCTL_GRANT_version(1);
    expect_zero(domctl(XEN_DOMCTL_createdomain, 0, request));
    id = request.domain;
    if (trouble != 0) return;
    request = {};
    request.u.max_vcpus.max = vcpus;
    expect_zero(domctl(XEN_DOMCTL_max_vcpus, id, request));
    request = {};
    request.u.max_mem.max_memkb = frames.size() * 4;
    expect_zero(domctl(XEN_DOMCTL_max_mem, id, request));

    xen_memory_reservation populate{};
    set_xen_guest_handle(populate.extent_start, frames.data());
    populate.nr_extents = frames.size();
    populate.domid = static_cast<domid_t>(id);
    expect_zero(call<rows::memory_op, XENMEM_populate_physmap>(populate) - static_cast<std::int64_t>(frames.size()));
}

std::uint64_t OtherDomain::read_word(std::uint64_t mfn, unsigned word) const {
    if (map_foreign(window(), id, mfn, read_only_page) != 0) return ~0ull;
    const std::uint64_t value = *static_cast<volatile std::uint64_t*>(&window().words[word]);
    close_window();
    return value;
}

void OtherDomain::write_word(std::uint64_t mfn, unsigned word, std::uint64_t value) const {
    if (map_foreign(window(), id, mfn, kernel_page) != 0) return;
    *static_cast<volatile std::uint64_t*>(&window().words[word]) = value;
    close_window();
}

void OtherDomain::read_page(std::uint64_t mfn, std::span<std::byte> bytes) const {
    if (map_foreign(window(), id, mfn, read_only_page) != 0) return;
    memcpy(bytes.data(), &window(), bytes.size());
    close_window();
}

void OtherDomain::write_page(std::uint64_t mfn, std::span<const std::byte> bytes) {
    if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{}; })) return;
    expect_zero(map_foreign(window(), id, mfn, kernel_page));
    if (trouble == 0) memcpy(&window(), bytes.data(), bytes.size());
    close_window();
}

void OtherDomain::set_context(vcpu_guest_context_t& context, unsigned vcpu) {
    xen_domctl_t request{};
    request.u.vcpucontext.vcpu = vcpu;
    set_xen_guest_handle(request.u.vcpucontext.ctxt, &context);
    expect_zero(domctl(XEN_DOMCTL_setvcpucontext, id, request));
}

xen_domctl_getdomaininfo_t OtherDomain::info() const {
    xen_domctl_t request{};
    domctl(XEN_DOMCTL_getdomaininfo, id, request);
    return request.u.getdomaininfo;
}

std::int64_t OtherDomain::start() const { return domctl(XEN_DOMCTL_unpausedomain, id); }

bool OtherDomain::has_ended() const { return (info().flags & XEN_DOMINF_shutdown) != 0; }

unsigned OtherDomain::ended() const {
    while (!has_ended()) call<rows::sched_op, SCHEDOP_yield>();
    return info().flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

std::int64_t OtherDomain::destroy() const {
    constexpr std::int64_t not_yet_done = -85;        // ERESTART, which Xen's public errno.h keeps to itself
    std::int64_t status;
    do status = domctl(XEN_DOMCTL_destroydomain, id);
    while (status == not_yet_done);
    return status;
}

}
