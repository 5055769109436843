#include "small_domain.hpp"

#include "hypercall.hpp"
#include "paging.hpp"

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

std::uint64_t free_pages() {
    const auto now = [] {
        xen_sysctl_t request{};
        sysctl(XEN_SYSCTL_physinfo, request);
        return request.u.physinfo.free_pages;
    };
    // What is left of a domain goes away a little after it: the answer is the number that no longer changes.
    for (std::uint64_t last = now();;) {
        for (unsigned i = 0; i < 500; ++i) sched_op(SCHEDOP_yield);
        if (const std::uint64_t next = now(); next == last)
            return next;
        else
            last = next;
    }
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

SmallDomain::SmallDomain(std::span<const std::byte> instructions) {
    create();
    if (trouble != 0) return;
    fill(instructions);
    prepare_vcpu();
}

void SmallDomain::create() {
    xen_domctl_t request{};
    auto& wanted = request.u.createdomain;
    wanted.max_vcpus = 1;
    wanted.max_evtchn_port = 1023;
    wanted.max_grant_frames = wanted.max_maptrack_frames = -1;
    wanted.grant_opts = XEN_DOMCTL_GRANT_version(1);
    expect_zero(domctl(XEN_DOMCTL_createdomain, 0, request));
    id = request.domain;
    if (trouble != 0) return;
    request = {};
    request.u.max_vcpus.max = 1;
    expect_zero(domctl(XEN_DOMCTL_max_vcpus, id, request));
    request = {};
    request.u.max_mem.max_memkb = count * 4;
    expect_zero(domctl(XEN_DOMCTL_max_mem, id, request));

    for (unsigned pfn = 0; pfn < count; ++pfn) frames[pfn] = pfn;
    xen_memory_reservation populate{};
    set_xen_guest_handle(populate.extent_start, frames.data());
    populate.nr_extents = count;
    populate.domid = static_cast<domid_t>(id);
    expect_zero(memory_op(XENMEM_populate_physmap, &populate) - count);
}

void SmallDomain::fill(std::span<const std::byte> instructions) {
    for (unsigned frame = 0; frame < count; ++frame) {
        expect_zero(map_foreign(window(), id, frames[frame], kernel_page));
        window().words.fill(0);
        if (frame == code) memcpy(&window(), instructions.data(), instructions.size());
    }
    close_window();
    write(level1, 0, entry(frames[code], read_only_page));
    write(level1, 1, entry(frames[data], kernel_page));
    write(level2, index_at(image_base, 2), entry(frames[level1], table_entry));
    write(level3, index_at(image_base, 3), entry(frames[level2], table_entry));
    write(level4, index_at(image_base, 4), entry(frames[level3], table_entry));
    expect_zero(mmuext_op(MMUEXT_PIN_L4_TABLE, frames[level4], static_cast<int>(id)));
}

void SmallDomain::prepare_vcpu() {
    static vcpu_guest_context_t context;
    context = {};
    context.flags = VGCF_in_kernel | VGCF_online;
    context.user_regs.rip = image_base;
    context.user_regs.rsp = small_data + page_size;
    context.user_regs.rflags = 0x200;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = small_data + page_size;
    context.ctrlreg[3] = xen_pfn_to_cr3(frames[level4]);
    xen_domctl_t request{};
    request.u.vcpucontext.vcpu = 0;
    set_xen_guest_handle(request.u.vcpucontext.ctxt, &context);
    expect_zero(domctl(XEN_DOMCTL_setvcpucontext, id, request));
}

std::uint64_t SmallDomain::read(Frame frame, unsigned word) const {
    if (map_foreign(window(), id, frames[frame], read_only_page) != 0) return ~0ull;
    const std::uint64_t value = *static_cast<volatile std::uint64_t*>(&window().words[word]);
    close_window();
    return value;
}

void SmallDomain::write(Frame frame, unsigned word, std::uint64_t value) const {
    if (map_foreign(window(), id, frames[frame], kernel_page) != 0) return;
    *static_cast<volatile std::uint64_t*>(&window().words[word]) = value;
    close_window();
}

xen_domctl_getdomaininfo_t SmallDomain::info() const {
    xen_domctl_t request{};
    domctl(XEN_DOMCTL_getdomaininfo, id, request);
    return request.u.getdomaininfo;
}

std::int64_t SmallDomain::start() const { return domctl(XEN_DOMCTL_unpausedomain, id); }

unsigned SmallDomain::ended() const {
    while (!(info().flags & XEN_DOMINF_shutdown)) sched_op(SCHEDOP_yield);
    return info().flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

std::int64_t SmallDomain::destroy() const {
    constexpr std::int64_t not_yet_done = -85;        // ERESTART, which Xen's public errno.h keeps to itself
    std::int64_t status;
    do status = domctl(XEN_DOMCTL_destroydomain, id);
    while (status == not_yet_done);
    return status;
}

}
