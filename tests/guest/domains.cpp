// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Dom0 makes, watches, and ends other domains, and tells what the machine has.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"
#include "kit/small_domain.hpp"

asm(R"(
        .section .rodata
small_poweroff:                                 # leaves a word, then says why it ends
        mov     $0xffffffff80001000, %rbx
        movq    $0x600d, (%rbx)
        movl    $0, 16(%rbx)                    # SHUTDOWN_poweroff
        lea     16(%rbx), %rsi
        mov     $2, %edi                        # SCHEDOP_shutdown
        mov     $29, %eax
        syscall
1:      jmp     1b
small_ud2:
        ud2
small_wild:
        mov     0x1000, %rax
small_spin:                                     # counts in its data page, and never asks for anything
        mov     $0xffffffff80001000, %rbx
1:      incq    (%rbx)
        jmp     1b
small_foreign:                                  # asks for a frame that is not its own: the number is in its data page
        mov     $0xffffffff80001000, %rbx
        mov     $0xffffffff80001000, %rdi       # update_va_mapping of its own data page
        mov     8(%rbx), %rsi
        xor     %edx, %edx
        mov     $14, %eax
        syscall
        mov     %rax, (%rbx)
        movl    $0, 16(%rbx)
        lea     16(%rbx), %rsi
        mov     $2, %edi
        mov     $29, %eax
        syscall
1:      jmp     1b
small_end:
        .previous
)");
extern "C" const std::byte small_poweroff[], small_ud2[], small_wild[], small_spin[], small_foreign[], small_end[];

namespace kit {
namespace {

std::span<const std::byte> from(const std::byte* code) { return {code, small_end}; }

bool made(const SmallDomain& other, Location where = Location::current()) {
    return expect_equal(other.trouble, 0, where);
}

// One without memory, by this number.
Status create(unsigned id) {
    xen_domctl_t request{};
    request.u.createdomain.max_vcpus = 1;
    request.u.createdomain.max_evtchn_port = 1023;
    request.u.createdomain.max_grant_frames = request.u.createdomain.max_maptrack_frames = -1;
    request.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
    return domctl(XEN_DOMCTL_createdomain, id, request);
}

constexpr auto table = std::to_array<Case>({
    {"sysctl.physinfo", "tells CPUs and memory", [] {
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_physinfo, request), 0);
        const auto& info = request.u.physinfo;
        expect_equal(info.nr_cpus, 1);
        expect_equal(info.nr_nodes, 1);
        expect(info.cpu_khz > 0);
        expect(info.total_pages > start->nr_pages && info.total_pages < 1 << 16);
        expect(info.free_pages < info.total_pages - start->nr_pages);
        expect(info.capabilities & XEN_SYSCTL_PHYSCAP_pv);
    }},
    {"sysctl", "refuses other versions, unknown commands, bad addresses", [] {
        xen_sysctl_t request{};
        request.interface_version = 1;
        request.cmd = XEN_SYSCTL_physinfo;
        expect_equal(hypercall(__HYPERVISOR_sysctl, &request), -XEN_EACCES);
        expect_equal(sysctl(9999, request), -XEN_ENOSYS);
        expect_equal(hypercall(__HYPERVISOR_sysctl, nowhere), -XEN_EFAULT);
    }},
    {"sysctl.getdomaininfolist", "tells of Dom0, which is alone", [] {
        std::array<xen_domctl_getdomaininfo_t, 4> list{};
        xen_sysctl_t request{};
        request.u.getdomaininfolist.max_domains = list.size();
        set_xen_guest_handle(request.u.getdomaininfolist.buffer, list.data());
        expect_equal(sysctl(XEN_SYSCTL_getdomaininfolist, request), 0);
        expect_equal(request.u.getdomaininfolist.num_domains, 1);
        expect_equal(list[0].domain, 0);
        expect_equal(list[0].tot_pages, start->nr_pages);
        expect_equal(list[0].nr_online_vcpus, 1);
        expect(list[0].flags & XEN_DOMINF_running);
    }},
    {"sysctl.getdomaininfolist", "tells of no more domains than there is room for, from the one that is asked for", [] {
        const SmallDomain other(from(small_poweroff));
        if (!made(other)) return;
        constexpr domid_t untouched = 0x7abc;
        std::array<xen_domctl_getdomaininfo_t, 2> list{};
        const auto ask = [&](unsigned first, unsigned most) {
            list[0].domain = list[1].domain = untouched;
            xen_sysctl_t request{};
            request.u.getdomaininfolist.first_domain = static_cast<domid_t>(first);
            request.u.getdomaininfolist.max_domains = most;
            set_xen_guest_handle(request.u.getdomaininfolist.buffer, list.data());
            expect_equal(sysctl(XEN_SYSCTL_getdomaininfolist, request), 0);
            return request.u.getdomaininfolist.num_domains;
        };
        expect_equal(ask(0, 1), 1);
        expect_equal(list[0].domain, 0);
        expect_equal(list[1].domain, untouched);
        expect_equal(ask(1, 1), 1);
        expect_equal(list[0].domain, other.id);
        expect_equal(ask(0, 0), 0);
        expect_equal(list[0].domain, untouched);
        expect_equal(other.destroy(), 0);
    }},
    {"sysctl.readconsole", "gives what the hypervisor said", [] {
        static std::array<char, 2000> text;
        xen_sysctl_t request{};
        request.u.readconsole.count = text.size();
        set_xen_guest_handle(request.u.readconsole.buffer, text.data());
        expect_equal(sysctl(XEN_SYSCTL_readconsole, request), 0);
        expect(request.u.readconsole.count > 100);
        expect(std::string_view(text.data(), text.size()).contains("Xen"));
    }},
    {"sysctl.sched_id", "is credit2, which the tools then speak", [] {
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_sched_id, request), 0);
        expect_equal(request.u.sched_id.sched_id, XEN_SCHEDULER_CREDIT2);
    }},
    {"domctl", "refuses other versions, domains that do not exist, unknown commands, bad addresses", [] {
        xen_domctl_t request{};
        request.interface_version = 1;
        request.cmd = XEN_DOMCTL_getdomaininfo;
        expect_equal(hypercall(__HYPERVISOR_domctl, &request), -XEN_EACCES);
        expect_equal(domctl(XEN_DOMCTL_getdomaininfo, 77, request), -XEN_ESRCH);
        expect_equal(domctl(XEN_DOMCTL_pausedomain, 77), -XEN_ESRCH);
        expect_equal(domctl(9999, 0), -XEN_ENOSYS);
        expect_equal(hypercall(__HYPERVISOR_domctl, nowhere), -XEN_EFAULT);
        expect_equal(domctl(XEN_DOMCTL_pausedomain, 0), -XEN_EINVAL);         // oneself
        expect_equal(domctl(XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "refuses flags and sizes that make no sense", [] {
        xen_domctl_t request{};
        request.u.createdomain.max_vcpus = 1;
        request.u.createdomain.grant_opts = 1;
        request.u.createdomain.flags = XEN_DOMCTL_CDF_MAX << 1;
        expect_equal(domctl(XEN_DOMCTL_createdomain, 0, request), -XEN_EINVAL);
        request.u.createdomain.flags = 0;
        request.u.createdomain.max_vcpus = 0;
        expect_equal(domctl(XEN_DOMCTL_createdomain, 0, request), -XEN_EINVAL);
        request.u.createdomain.max_vcpus = 100000;
        expect_equal(domctl(XEN_DOMCTL_createdomain, 0, request), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "a new domain is paused, has its memory, runs, and ends with its reason", [] {
        const unsigned news = port_of(bind_virq(VIRQ_DOM_EXC));
        const SmallDomain other(from(small_poweroff));
        if (!made(other)) return;
        expect(other.id > 0);
        expect_equal(other.info().flags & (XEN_DOMINF_paused | XEN_DOMINF_dying | XEN_DOMINF_shutdown), XEN_DOMINF_paused);
        expect_equal(other.info().tot_pages, std::size_t{SmallDomain::count});
        expect_equal(other.read(SmallDomain::data, 0), 0);
        expect_equal(other.start(), 0);
        expect_equal(other.ended(), SHUTDOWN_poweroff);
        expect_equal(other.read(SmallDomain::data, 0), 0x600d);
        expect(pending(news));
        expect_equal(other.destroy(), 0);
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_getdomaininfo, other.id, request), -XEN_ESRCH);
        close(news);
    }},
    {"domctl.destroydomain", "gives back every frame: ten domains, three rounds, nothing is missing", [] {
        const auto round = [] {
            for (unsigned i = 0; i < 10; ++i) {
                const SmallDomain other(from(small_poweroff));
                if (!made(other)) return;
                expect_equal(other.start(), 0);
                other.ended();
                expect_equal(other.destroy(), 0);
            }
        };
        round();
        const std::uint64_t before = free_pages();
        for (unsigned i = 0; i < 3; ++i) round();
        expect_equal(free_pages(), before);
    }},
    {"domctl.destroydomain", "a running domain is ended too", [] {
        const SmallDomain other(from(small_spin));
        if (!made(other)) return;
        expect_equal(other.start(), 0);
        while (other.read(SmallDomain::data, 0) == 0) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.pausedomain", "stops a domain, unpausedomain lets it go on", [] {
        const SmallDomain other(from(small_spin));
        if (!made(other)) return;
        expect_equal(other.start(), 0);
        while (other.read(SmallDomain::data, 0) == 0) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(domctl(XEN_DOMCTL_pausedomain, other.id), 0);
        const std::uint64_t stopped = other.read(SmallDomain::data, 0);
        for (unsigned i = 0; i < 100; ++i) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(other.read(SmallDomain::data, 0), stopped);
        expect(other.info().cpu_time > 0);
        expect_equal(domctl(XEN_DOMCTL_unpausedomain, other.id), 0);
        while (other.read(SmallDomain::data, 0) == stopped) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(domctl(XEN_DOMCTL_unpausedomain, other.id), -XEN_EINVAL);       // it is not paused
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.getdomaininfo", "the time of a domain is that of all its vcpus", [] {
        const SmallDomain other(from(small_spin), -1, 2);        // of which only the first ever runs
        if (!made(other)) return;
        expect_equal(other.start(), 0);
        while (other.read(SmallDomain::data, 0) == 0) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(domctl(XEN_DOMCTL_pausedomain, other.id), 0);
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_getvcpuinfo, other.id, request), 0);
        expect(request.u.getvcpuinfo.cpu_time > 0);
        expect_equal(other.info().cpu_time, request.u.getvcpuinfo.cpu_time);
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.createdomain", "each of many domains is found by its number", [] {
        const EmptyDomain first(1);
        for (const unsigned apart : {1u, 64u, 256u, 4096u}) {
            const unsigned id = first.id + apart;
            expect_equal(create(id), 0);
            for (const unsigned there : {first.id, id}) {
                xen_domctl_t info{};
                expect_equal(domctl(XEN_DOMCTL_getdomaininfo, there, info), 0);
                expect_equal(info.domain, there);
            }
            expect_equal(domctl(XEN_DOMCTL_destroydomain, id), 0);
        }
        expect_equal(first.destroy(), 0);
    }},
    {"domctl.createdomain", "who gets a number again has nothing of the one before", [] {
        const EmptyDomain before(1);
        Page& window = fresh_page();
        const std::uint64_t shared_info = before.info().shared_info_frame;
        expect_equal(map_foreign(window, before.id, shared_info, read_only_page), 0);
        expect_equal(before.destroy(), 0);
        const Status again = create(before.id);
        if (again == -XEN_EEXIST && on_stock_xen()) return;      // there the number is kept as long as the page is mapped
        expect_equal(again, 0);
        expect(map_foreign(fresh_page(), before.id, shared_info, read_only_page) != 0);
        expect_equal(domctl(XEN_DOMCTL_destroydomain, before.id), 0);
    }},
    {"domctl.unpausedomain", "a vcpu that first runs is told the time, though its builder has wiped the page", [] {
        const SmallDomain other(from(small_spin));
        if (!made(other)) return;
        Page& window = fresh_page();
        expect_equal(map_foreign(window, other.id, other.info().shared_info_frame, kernel_page), 0);
        window.words.fill(0);
        expect_equal(other.start(), 0);
        while (other.read(SmallDomain::data, 0) == 0) call<rows::sched_op, SCHEDOP_yield>();
        const auto& time = reinterpret_cast<const volatile shared_info_t&>(window).vcpu_info[0].time;
        expect(time.tsc_to_system_mul != 0 && time.version != 0);
        expect_equal(mmu_update(slot_of(&window).machine(), 0), 0);
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.destroydomain", "tells Dom0 at once, though somebody still maps a frame: only then it is let go", [] {
        const SmallDomain other(from(small_poweroff));
        if (!made(other)) return;
        Page& window = fresh_page();
        expect_equal(map_foreign(window, other.id, other.frames[SmallDomain::data], kernel_page), 0);
        const unsigned news = port_of(bind_virq(VIRQ_DOM_EXC));
        expect_equal(other.destroy(), 0);
        expect(pending(news));
        expect((other.info().flags & XEN_DOMINF_dying) != 0);
        expect_equal(mmu_update(slot_of(&window).machine(), 0), 0);
        close(news);
    }},
    {in_words("domain"), "an exception it has no handler for ends it, and nobody else", [] {
        for (const std::byte* code : {small_ud2, small_wild}) {
            const SmallDomain other(from(code));
            if (!made(other)) return;
            expect_equal(other.start(), 0);
            expect_equal(other.ended(), SHUTDOWN_crash);
            expect_equal(other.destroy(), 0);
        }
    }},
    {in_words("domain"), "cannot map a frame of Dom0 or of the hypervisor", [] {
        for (std::uint64_t frame : {fresh_page().mfn(), root_mfn(), mfn_in(Slot{root_mfn(), 261}.value())}) {
            const SmallDomain other(from(small_foreign));
            if (!made(other)) return;
            other.write(SmallDomain::data, 1, entry(frame, kernel_page));
            expect_equal(other.start(), 0);
            expect_equal(other.ended(), SHUTDOWN_poweroff);
            expect(static_cast<std::int64_t>(other.read(SmallDomain::data, 0)) < 0);
            expect_equal(other.destroy(), 0);
        }
    }},
    {"mmu_update", "foreign frames can be mapped while their domain lives, page tables only read-only", [] {
        const SmallDomain other(from(small_poweroff));
        if (!made(other)) return;
        Page& window = fresh_page();
        expect_equal(map_foreign(window, other.id, other.frames[SmallDomain::data], kernel_page), 0);
        expect_equal(map_foreign(window, other.id, other.frames[SmallDomain::level1], kernel_page), -XEN_EBUSY);
        expect_equal(map_foreign(window, other.id, other.frames[SmallDomain::level1], read_only_page), 0);
        expect_equal(map_foreign(window, 77, other.frames[SmallDomain::data], kernel_page), -XEN_ESRCH);
        expect(map_foreign(window, other.id, fresh_page().mfn(), kernel_page) < 0);        // ours, not its
        expect_equal(map_foreign(window, other.id, other.frames[SmallDomain::data], kernel_page), 0);
        expect_equal(other.destroy(), 0);
        window.words[0] = 1;                     // still mapped: the frame lives as long as somebody uses it
        expect_equal(mmu_update(slot_of(&window).machine(), 0), 0);
    }},
    {"event_channel_op.alloc_unbound", "Dom0 makes a port for another domain", [] {
        const SmallDomain other(from(small_poweroff));
        if (!made(other)) return;
        const int its = static_cast<int>(other.id);
        const unsigned theirs = port_of(alloc_unbound(DOMID_SELF, its)), ours = port_of(bind_interdomain(theirs, its));
        evtchn_status_t status{};
        status.dom = static_cast<domid_t>(other.id);
        status.port = theirs;
        expect_equal(call<rows::event_channel_op, EVTCHNOP_status>(status), 0);
        expect_equal(status.status, EVTCHNSTAT_interdomain);
        expect_equal(status.u.interdomain.dom, 0);
        expect_equal(other.destroy(), 0);
        status.dom = DOMID_SELF;
        status.port = ours;
        expect_equal(call<rows::event_channel_op, EVTCHNOP_status>(status), 0);
        expect_equal(status.status, EVTCHNSTAT_unbound);      // its other end went away
        expect_equal(close(ours), 0);
    }},
    {"domctl.getvcpuinfo", "tells of vcpus, and which there are not", [] {
        const SmallDomain other(from(small_poweroff));
        if (!made(other)) return;
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_getvcpuinfo, other.id, request), 0);
        expect_equal(request.u.getvcpuinfo.online, 1);
        request.u.getvcpuinfo.vcpu = 1;
        expect_equal(domctl(XEN_DOMCTL_getvcpuinfo, other.id, request), -XEN_EINVAL);
        expect_equal(other.destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
