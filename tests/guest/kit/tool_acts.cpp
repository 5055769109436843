#include "tool_acts.hpp"

#include "paging.hpp"

#include <algorithm>

namespace kit {

namespace {

constexpr std::uint64_t some_flags[] = {0, read_only_page, kernel_page};
constexpr unsigned vcpus = 2;      // more than most domains have

}

// An act is easily read beside its weight.
constexpr std::array<Act<ToolActs>, 21> ToolActs::gentle_acts{{
    {8, &ToolActs::pause},
    {10, &ToolActs::unpause},
    {8, &ToolActs::resume},
    {4, &ToolActs::shut_down},
    {4, &ToolActs::look},
    {2, &ToolActs::look_at_all},
    {3, &ToolActs::get_context},
    {4, &ToolActs::set_affinity},
    {3, &ToolActs::set_share},
    {1, &ToolActs::make_vcpus},
    {2, &ToolActs::set_most_memory},
    {3, &ToolActs::populate},
    {1, &ToolActs::claim},
    {6, &ToolActs::map_frame},
    {2, &ToolActs::set_pseudo_physical},
    {2, &ToolActs::pin},
    {4, &ToolActs::make_port},
    {2, &ToolActs::look_at_grants},
    {1, &ToolActs::set_policy},
    {1, &ToolActs::set_memory_map},
    {1, &ToolActs::set_handle},
}};
constexpr std::array<Act<ToolActs>, 4> ToolActs::harsh_acts{{
    {6, &ToolActs::set_context},
    {3, &ToolActs::unpin},
    {3, &ToolActs::decrease},
    {1, &ToolActs::destroy},
}};

void ToolActs::turn_to(unsigned domain, std::span<const xen_pfn_t> frames) {
    domain_ = domain;
    known_ = std::min(frames.size(), frames_.size());
    std::ranges::copy(frames.first(known_), frames_.begin());
}

void ToolActs::gently(Random& random) { act(*this, gentle_acts, random); }
void ToolActs::harshly(Random& random) { act(*this, harsh_acts, random); }

void ToolActs::let_run() {
    request_ = {};
    request_.u.scheduler_op = {
        .sched_id = XEN_SCHEDULER_CREDIT2, .cmd = XEN_DOMCTL_SCHEDOP_putinfo, .u = {.credit2 = {256, 0}}};
    ask(XEN_DOMCTL_scheduler_op);
    ask(XEN_DOMCTL_resumedomain);
    while (ask(XEN_DOMCTL_unpausedomain) == 0) {}
}

void ToolActs::let_go() {
    call(__HYPERVISOR_update_va_mapping, &window_, 0, UVMF_INVLPG);
    for (evtchn_port_t& port : ports_) {
        evtchn_close_t close{port};
        if (port != 0) call(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close);
        port = 0;
    }
}

Status ToolActs::call(unsigned family, Word first, Word second, Word third, Word fourth) {
    ++done;
    return bare_hypercall(family, first, second, third, fourth);
}

Status ToolActs::ask(unsigned command) {
    request_.cmd = command;
    request_.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    request_.domain = static_cast<domid_t>(domain_);
    return call(__HYPERVISOR_domctl, &request_);
}

void ToolActs::reserve(unsigned command, std::uint64_t& frame, std::uint64_t count) {
    xen_memory_reservation request{};
    set_xen_guest_handle(request.extent_start, reinterpret_cast<xen_pfn_t*>(&frame));
    request.nr_extents = count;
    request.domid = static_cast<domid_t>(domain_);
    call(__HYPERVISOR_memory_op, command, &request);
}

void ToolActs::extended(unsigned command, std::uint64_t mfn) {
    mmuext_op_t operation{};
    operation.cmd = command;
    operation.arg1.mfn = mfn;
    call(__HYPERVISOR_mmuext_op, &operation, 1, nullptr, domain_);
}

std::uint64_t ToolActs::some_frame(Random& random) {
    return known_ != 0 && !random.one_in(8) ? frames_[random.below(known_)] : random.below(1 << 16);
}

void ToolActs::pause(Random&) { ask(XEN_DOMCTL_pausedomain); }
void ToolActs::unpause(Random&) { ask(XEN_DOMCTL_unpausedomain); }
void ToolActs::resume(Random&) { ask(XEN_DOMCTL_resumedomain); }

void ToolActs::shut_down(Random& random) {
    sched_remote_shutdown_t request{static_cast<domid_t>(domain_), random.below(6)};
    if (domain_ != 0) call(__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, &request);
}

void ToolActs::look(Random& random) {
    request_.u.getvcpuinfo.vcpu = random.below(vcpus);
    ask(random.one_in(2) ? XEN_DOMCTL_getvcpuinfo : XEN_DOMCTL_getdomaininfo);
}

void ToolActs::look_at_all(Random&) {
    std::array<xen_domctl_getdomaininfo_t, 4> list;
    xen_sysctl_t request{};
    request.cmd = XEN_SYSCTL_getdomaininfolist;
    request.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    request.u.getdomaininfolist.max_domains = list.size();
    set_xen_guest_handle(request.u.getdomaininfolist.buffer, list.data());
    call(__HYPERVISOR_sysctl, &request);
}

void ToolActs::get_context(Random& random) {
    request_.u.vcpucontext.vcpu = random.below(vcpus);
    set_xen_guest_handle(request_.u.vcpucontext.ctxt, &context_);
    ask(XEN_DOMCTL_getvcpucontext);
}

void ToolActs::set_affinity(Random& random) {
    std::uint8_t hard = static_cast<std::uint8_t>(random.below(4)), soft = static_cast<std::uint8_t>(random.below(4));
    auto& wish = request_.u.vcpuaffinity;
    wish = {.vcpu = random.below(vcpus), .flags = random.below(4)};
    wish.cpumap_hard.nr_bits = wish.cpumap_soft.nr_bits = 8;
    set_xen_guest_handle(wish.cpumap_hard.bitmap, &hard);
    set_xen_guest_handle(wish.cpumap_soft.bitmap, &soft);
    ask(XEN_DOMCTL_setvcpuaffinity);
}

// Stock Xen 4.17.7 may die of caps beside domains that end: a page fault in credit2's unpark_parked_units.
void ToolActs::set_share(Random& random) {
    const auto weight = static_cast<std::uint16_t>(random.below(70'000));
    const auto cap = static_cast<std::uint16_t>(on_stock_xen() ? 0 : random.below(250));
    request_.u.scheduler_op = {
        .sched_id = XEN_SCHEDULER_CREDIT2, .cmd = XEN_DOMCTL_SCHEDOP_putinfo, .u = {.credit2 = {weight, cap}}};
    ask(XEN_DOMCTL_scheduler_op);
}

void ToolActs::make_vcpus(Random& random) {
    request_.u.max_vcpus.max = 1 + random.below(vcpus);
    ask(XEN_DOMCTL_max_vcpus);
}

void ToolActs::set_most_memory(Random& random) {
    request_.u.max_mem.max_memkb = random.one_in(4) ? random.below(64) : 16384 + random.below(64);
    ask(XEN_DOMCTL_max_mem);
}

void ToolActs::populate(Random& random) {
    std::uint64_t frame = random.below(4096);
    reserve(random.one_in(2) ? XENMEM_populate_physmap : XENMEM_increase_reservation, frame);
    if (known_ < frames_.size()) frames_[known_++] = frame;
}

void ToolActs::claim(Random& random) {
    xen_memory_reservation request{};
    request.nr_extents = random.one_in(2) ? 0 : random.below(5000);
    request.domid = static_cast<domid_t>(domain_);
    call(__HYPERVISOR_memory_op, XENMEM_claim_pages, &request);
}

void ToolActs::map_frame(Random& random) {
    const mmu_update_t update{slot_of(&window_).machine(), entry(some_frame(random), some_flags[random.below(3)])};
    call(__HYPERVISOR_mmu_update, &update, 1, nullptr, domain_);
}

void ToolActs::set_pseudo_physical(Random& random) {
    const mmu_update_t update{some_frame(random) * page_size | MMU_MACHPHYS_UPDATE, random.below(4096)};
    call(__HYPERVISOR_mmu_update, &update, 1, nullptr, domain_);
}

void ToolActs::pin(Random& random) { extended(MMUEXT_PIN_L1_TABLE + random.below(4), some_frame(random)); }

// One for it and one of ours, joined; now and then ours is closed first.
void ToolActs::make_port(Random& random) {
    evtchn_port_t& ours = ports_[random.below(ports_.size())];
    if (evtchn_close_t close{ours}; ours != 0) call(__HYPERVISOR_event_channel_op, EVTCHNOP_close, &close);
    ours = 0;
    evtchn_alloc_unbound_t theirs{static_cast<domid_t>(domain_), 0, 0};
    if (call(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, &theirs) != 0) return;
    evtchn_bind_interdomain_t join{static_cast<domid_t>(domain_), theirs.port, 0};
    if (call(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, &join) != 0) return;
    ours = join.local_port;
    evtchn_send_t send{ours};
    call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

void ToolActs::look_at_grants(Random& random) {
    std::array<xen_pfn_t, 4> list;
    gnttab_setup_table_t setup{};
    setup.dom = static_cast<domid_t>(domain_);
    setup.nr_frames = random.below(5);
    set_xen_guest_handle(setup.frame_list, list.data());
    call(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, &setup, 1);
}

void ToolActs::set_policy(Random& random) {
    xen_cpuid_leaf_t leaf{1, XEN_CPUID_NO_SUBLEAF, static_cast<std::uint32_t>(random.word()), 0, 0, 0};
    auto& wish = request_.u.cpu_policy;
    wish = {.nr_leaves = 1};
    set_xen_guest_handle(wish.leaves, &leaf);
    ask(XEN_DOMCTL_set_cpu_policy);
}

void ToolActs::set_memory_map(Random& random) {
    std::array<std::uint64_t, 5> map{0, 0, 0, 0, 0};      // two entries of 20 bytes
    xen_foreign_memory_map_t request{};
    request.domid = static_cast<domid_t>(domain_);
    request.map.nr_entries = random.below(3);
    request.map.buffer.p = map.data();
    call(__HYPERVISOR_memory_op, XENMEM_set_memory_map, &request);
}

void ToolActs::set_handle(Random& random) {
    request_.u.setdomainhandle.handle[0] = static_cast<std::uint8_t>(random.word());
    ask(XEN_DOMCTL_setdomainhandle);
}

// The one that was got last, of whatever domain; or it is down afterwards.
void ToolActs::set_context(Random& random) {
    get_context(random);
    if (random.one_in(3)) context_.flags ^= VGCF_online;
    request_.u.vcpucontext.vcpu = random.below(vcpus);
    set_xen_guest_handle(request_.u.vcpucontext.ctxt, &context_);
    ask(XEN_DOMCTL_setvcpucontext);
}

void ToolActs::unpin(Random& random) { extended(MMUEXT_UNPIN_TABLE, some_frame(random)); }

void ToolActs::decrease(Random& random) {
    std::uint64_t frame = some_frame(random);
    reserve(XENMEM_decrease_reservation, frame);
}

void ToolActs::destroy(Random&) { ask(XEN_DOMCTL_destroydomain); }

}
