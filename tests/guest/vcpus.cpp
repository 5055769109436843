// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A second vcpu: its birth, signals between the two, its own areas, and vcpus that do not exist.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/events.hpp"
#include "kit/grants.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"
#include "kit/second_vcpu.hpp"

#include <atomic>

namespace kit {
namespace {

constexpr std::uint64_t millisecond = 1'000'000;

std::atomic<std::uint64_t> told, told_too;
std::atomic<unsigned> counter, port_for_second;

// On the second vcpu: waits for port_for_second by poll, which leaves events shut out.
void poll_for_port() {
    evtchn_port_t port = port_for_second;
    sched_poll_t request{};
    request.nr_ports = 1;
    set_xen_guest_handle(request.ports, &port);
    told = static_cast<std::uint64_t>(call<rows::sched_op, SCHEDOP_poll>(request));
}

Status register_info(unsigned vcpu, std::uint64_t mfn, unsigned offset) {
    vcpu_register_vcpu_info_t request{mfn, offset, 0};
    return call<rows::vcpu_op, VCPUOP_register_vcpu_info>(vcpu, request);
}

// A root nobody uses yet, shared by both vcpus of a race.
Page* contested;
void use_contested() {
    for (unsigned i = 0; i < 300; ++i) {
        told_too = told_too | static_cast<std::uint64_t>(mmuext_op(MMUEXT_NEW_USER_BASEPTR, contested->mfn()));
        told_too = told_too | static_cast<std::uint64_t>(mmuext_op(MMUEXT_NEW_USER_BASEPTR, 0));
    }
}

Page* window;
void watch_window() {
    const auto* word = static_cast<volatile std::uint64_t*>(window->words.data());
    told = *word;
    counter = 1;
    while (counter == 1) static_cast<void>(*word);
    told_too = *word;       // vcpu 0 says 2 only after its flush has returned
}
// The second vcpu knows what the window shows, a page that begins with 1.
void watch_on_second(Page& shown) {
    window = &shown;
    counter = 0;
    begin_on_second(watch_window);
    while (counter == 0) call<rows::sched_op, SCHEDOP_yield>();
    expect_equal(told.load(), 1);
}
// Now it has to see what is there instead.
void expect_seen_on_second(std::uint64_t first_word) {
    counter = 2;
    finish_on_second();
    expect_equal(told_too.load(), first_word);
}

// An entry changes under the second vcpu, which knows it: once the flush has returned it sees the new one.
void expect_flushed_on_second(unsigned command) {
    Page& shown = fresh_page();
    Page& other = fresh_page();
    shown.words[0] = 1;
    other.words[0] = 2;
    watch_on_second(shown);
    expect_equal(mmu_update(slot_of(window).machine(), entry(other.mfn(), kernel_page)), 0);
    unsigned long second = 2;
    mmuext_op_t flush{};
    flush.cmd = command;
    flush.arg1.linear_addr = window->address();
    const bool names_vcpus = command == MMUEXT_TLB_FLUSH_MULTI || command == MMUEXT_INVLPG_MULTI;
    if (names_vcpus) set_xen_guest_handle(flush.arg2.vcpumask, &second);
    expect_equal(mmuext_op(std::span{&flush, 1}), 0);
    expect_seen_on_second(2);
}

// Of the second vcpu: it may run on a little when it has been told to stop.
void wait_until_off_cpu() {
    vcpu_runstate_info_t info{};
    do call<rows::vcpu_op, VCPUOP_get_runstate_info>(1, info);
    while (info.state == RUNSTATE_running);
}

constexpr auto table = std::to_array<Case>({
    {"vcpu_op.is_up", "this vcpu is, the second is not yet, others do not exist", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_is_up>(0), 1);
        expect_equal(call<rows::vcpu_op, VCPUOP_is_up>(1), 0);
        for (std::uint64_t id : {2ull, 31ull, 32ull, 8191ull, 0xffffffffull})
            expect_equal(call<rows::vcpu_op, VCPUOP_is_up>(id), -XEN_ENOENT);
    }},
    {"vcpu_op.up", "refuses a vcpu that was never initialised", [] { expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), -XEN_EINVAL); }},
    {"vcpu_op.initialise", "refuses bad addresses, roots, and vcpus that do not exist", [] {
        expect_equal(untyped::vcpu_op(VCPUOP_initialise, 1, nowhere), -XEN_EFAULT);
        auto& context = second_vcpu_context();
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(2, context), -XEN_ENOENT);
        context.ctrlreg[3] = xen_pfn_to_cr3(fresh_page().mfn());
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, context), -XEN_EINVAL);
        context.ctrlreg[3] = xen_pfn_to_cr3(0xffffffffff);
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, context), -XEN_EINVAL);
    }},
    {"vcpu_op.initialise", "refuses entry points that are not canonical", [] {
        auto& context = second_vcpu_context();
        context.event_callback_eip = 0x0000900000000000;
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, context), -XEN_EINVAL);
    }},
    {"vcpu_op.initialise", "what is refused holds none of the frames that it named", [] {
        if (on_stock_xen()) return skip("Basalt's own promise, as for every refused request; there they stay held");
        Page &root = fresh_page(), &user_root = fresh_page(), &descriptors = fresh_page();
        const auto refused = [&](std::uint64_t gdt, std::uint64_t kernel, std::uint64_t user) {
            copy_root(root);
            copy_root(user_root);
            make_read_only(descriptors);
            auto& context = second_vcpu_context();
            context.gdt_frames[0] = gdt;
            context.gdt_ents = 512;
            context.ctrlreg[3] = xen_pfn_to_cr3(kernel);
            context.ctrlreg[1] = xen_pfn_to_cr3(user);
            expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, context), -XEN_EINVAL);
            for (const Page* page : {&root, &user_root, &descriptors}) expect_equal(make_writable(*page), 0);
        };
        const std::uint64_t table = slot_of(&root).table_mfn;      // neither a root nor a page of descriptors
        refused(descriptors.mfn(), table, 0);
        refused(descriptors.mfn(), root.mfn(), table);
        refused(table, root.mfn(), user_root.mfn());
    }},
    {"vcpu_op.set_periodic_timer", "of a vcpu that does not run does not tick on", [] {
        if (on_stock_xen()) return skip("Basalt's own promise: there it ticks, at the cost of whoever runs on that CPU");
        const unsigned port = port_of(bind_virq(VIRQ_TIMER, 1));
        vcpu_set_periodic_timer_t request{millisecond};
        expect_equal(call<rows::vcpu_op, VCPUOP_set_periodic_timer>(1, request), 0);
        while (!pending(port)) __builtin_ia32_pause();
        std::atomic_ref(shared->evtchn_pending[port / 64]).fetch_and(~(1ul << port % 64));
        for (const auto end = now() + 20 * millisecond; now() < end;) expect(!pending(port));
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_periodic_timer>(1), 0);
        close(port);
    }},
    {"vcpu_op.initialise", "happens once, and the vcpu waits for up", [] {
        auto& context = second_vcpu_context();
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, context), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_is_up>(1), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, context), -XEN_EEXIST);
    }},
    {"vcpu_op.register_vcpu_info", "another place for the second vcpu's flags, once", [] {
        Page& place = fresh_page();
        expect_equal(register_info(1, place.mfn(), page_size - 8), -XEN_ENXIO);      // would leave the page
        expect_equal(register_info(1, place.mfn(), 4), -XEN_ENXIO);
        expect_equal(register_info(1, 0xffffffffff, 0), -XEN_EINVAL);
        expect_equal(register_info(1, root_mfn(), 0), -XEN_EINVAL);
        expect_equal(register_info(1, place.mfn(), 128), 0);
        expect_equal(register_info(1, place.mfn(), 256), -XEN_EINVAL);
        expect_equal(register_info(2, place.mfn(), 128), -XEN_ENOENT);
        set_vcpu_info(1, *reinterpret_cast<vcpu_info_t*>(place.address() + 128));
        expect_equal(vcpu_info(1).evtchn_upcall_mask, 1);
        expect_equal(vcpu_info(1).evtchn_upcall_pending, 1);      // whatever was signalled meanwhile is not lost
    }},
    {"vcpu_op.up", "the second vcpu runs", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        run_on_second([] { told = 100 + running_vcpu(); });
        expect_equal(told.load(), 101);
        expect_equal(call<rows::vcpu_op, VCPUOP_is_up>(1), 1);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
    }},
    {"vcpu_op.down", "stops it wherever it is, up lets it go on from there", [] {
        counter = 0;
        begin_on_second([] {
            while (counter < 1u << 31) ++counter;
        });
        while (counter < 1000) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(call<rows::vcpu_op, VCPUOP_down>(1), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_is_up>(1), 0);
        if (on_stock_xen()) wait_until_off_cpu();      // where the call does not wait for it; Basalt's does
        const unsigned stopped = counter;
        const std::uint64_t begin = now();
        while (now() < begin + 5 * millisecond) __builtin_ia32_pause();
        expect_equal(counter.load(), stopped);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        while (counter < stopped + 1000) call<rows::sched_op, SCHEDOP_yield>();
        counter = 1u << 31;
        finish_on_second();
    }},
    {"event_channel_op.bind_ipi", "wakes a vcpu that polls for it", [] {
        port_for_second = port_of(bind_ipi(1));
        told = 77;
        begin_on_second(poll_for_port);
        const std::uint64_t begin = now();
        while (now() < begin + 3 * millisecond) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(told.load(), 77);
        expect_equal(send(port_for_second), 0);
        finish_on_second();
        expect_equal(told.load(), 0);
        expect(pending(port_for_second));
        close(port_for_second);
    }},
    {"event_channel_op.bind_ipi", "interrupts a vcpu that blocks", [] {
        static const unsigned port = port_of(bind_ipi(1));
        seen.port[port] = 0;
        begin_on_second([] {
            while (seen.port[port] == 0) call<rows::sched_op, SCHEDOP_block>();
            vcpu_info().evtchn_upcall_mask = 1;
        });
        expect_equal(send(port), 0);
        finish_on_second();
        expect_equal(seen.port[port].load(), 1);
        close(port);
    }},
    {"event_channel_op.bind_ipi", "interrupts a vcpu in the middle of its work", [] {
        static const unsigned port = port_of(bind_ipi(1));
        seen.port[port] = 0;
        counter = 0;
        begin_on_second([] {
            allow_events(true);
            counter = 1;
            while (seen.port[port] == 0) __builtin_ia32_pause();
            allow_events(false);
        });
        while (counter == 0) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(send(port), 0);
        finish_on_second();
        expect_equal(seen.port[port].load(), 1);
        close(port);
    }},
    {"event_channel_op.bind_vcpu", "moves a port to the second vcpu", [] {
        const unsigned unbound = port_of(alloc_unbound()), joined = port_of(bind_interdomain(unbound));
        let_events_in();
        evtchn_bind_vcpu_t moved{unbound, 1};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_bind_vcpu>(moved), 0);
        seen.port[unbound] = 0;
        expect_equal(send(joined), 0);
        let_events_in();
        expect_equal(seen.port[unbound].load(), 0);
        run_on_second([] { let_events_in(); });
        expect_equal(seen.port[unbound].load(), 1);
        close(joined);
        close(unbound);
    }},
    {"event_channel_op.bind_virq", "each vcpu has a timer of its own", [] {
        const unsigned first = port_of(bind_virq(VIRQ_TIMER)), second = port_of(bind_virq(VIRQ_TIMER, 1));
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_periodic_timer>(0), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_periodic_timer>(1), 0);
        let_events_in();
        run_on_second([] { let_events_in(); });
        seen.port[first] = seen.port[second] = 0;
        port_for_second = second;
        run_on_second([] {
            const std::uint64_t deadline = now() + 2 * millisecond;
            told_too = static_cast<std::uint64_t>(set_timer_op(deadline));
            poll_for_port();
            told_too = told_too | (now() < deadline);
        });
        expect_equal(told_too.load(), 0);
        expect(!pending(first));
        expect(pending(second));
        vcpu_set_singleshot_timer_t of_another{now(), 0};
        expect_equal(call<rows::vcpu_op, VCPUOP_set_singleshot_timer>(1, of_another), -XEN_EINVAL);
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_singleshot_timer>(1), -XEN_EINVAL);
        close(first);
        close(second);
    }},
    {"update_va_mapping", "a flush for all vcpus has reached the other one when the call returns", [] {
        Page& shown = fresh_page();
        Page& other = fresh_page();
        shown.words[0] = 1;
        other.words[0] = 2;
        watch_on_second(shown);
        expect_equal(update_va_mapping(window, entry(other.mfn(), kernel_page), UVMF_INVLPG | UVMF_ALL), 0);
        expect_seen_on_second(2);
    }},
    {"grant_table_op.unmap_and_replace", "the other vcpu has no translation of the mapping either", [] {
        constexpr unsigned reference = 20;
        auto* const grants = grants_of(0, fresh_page());
        if (grants == nullptr) return;
        Page& shown = fresh_page();
        Page& granted = fresh_page();
        Page& other = fresh_page();
        granted.words[0] = 1;
        other.words[0] = 2;
        give(grants[reference], 0, granted.mfn());
        gnttab_map_grant_ref_t map{.host_addr = shown.address(), .flags = GNTMAP_host_map, .ref = reference};
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        if (!expect_equal(map.status, GNTST_okay)) return;
        watch_on_second(shown);
        gnttab_unmap_and_replace_t replace{shown.address(), other.address(), map.handle, 0};
        expect_equal(grant<GNTTABOP_unmap_and_replace>(replace), 0);
        expect_equal(replace.status, GNTST_okay);
        expect_seen_on_second(2);
        grants[reference].flags = 0;
    }},
    {"mmuext_op.tlb_flush_multi", "flushes the vcpus it names", [] { expect_flushed_on_second(MMUEXT_TLB_FLUSH_MULTI); }},
    {"mmuext_op.invlpg_multi", "flushes the vcpus it names", [] { expect_flushed_on_second(MMUEXT_INVLPG_MULTI); }},
    {"mmuext_op.tlb_flush_all", "flushes the other vcpu too", [] { expect_flushed_on_second(MMUEXT_TLB_FLUSH_ALL); }},
    {"mmuext_op.invlpg_all", "flushes the other vcpu too", [] { expect_flushed_on_second(MMUEXT_INVLPG_ALL); }},
    {"mmuext_op.new_user_baseptr", "two vcpus taking up one unchecked root never see each other's check", [] {
        Page& level1 = table_of(entry(fresh_page().mfn(), kernel_page));
        Page& level2 = table_of(entry(level1.mfn(), table_entry));
        Page& level3 = table_of(entry(level2.mfn(), table_entry));
        contested = &table_of(entry(level3.mfn(), table_entry));
        told_too = 0;
        begin_on_second(use_contested);
        use_contested();
        finish_on_second();
        expect_equal(told_too.load(), 0);
    }},
    {"vcpu_op.get_runstate_info", "tells of the other vcpu too", [] {
        vcpu_runstate_info_t info{};
        expect_equal(call<rows::vcpu_op, VCPUOP_get_runstate_info>(1, info), 0);
        expect(info.time[RUNSTATE_running] > 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_get_runstate_info>(2, info), -XEN_ENOENT);
        expect_equal(untyped::vcpu_op(VCPUOP_get_runstate_info, 1, nowhere), -XEN_EFAULT);
        expect_equal(untyped::vcpu_op(99, 0), -XEN_ENOSYS);
        expect_equal(untyped::vcpu_op(99, 9), -XEN_ENOENT);
    }},
    {in_words("pvclock"), "both vcpus tell one time, and it never goes back between them", [] {
        if (on_stock_xen()) return skip("stock Xen draws a line per CPU, and they differ; Basalt promises one");
        for (unsigned i = 0; i < 200; ++i) {
            const std::uint64_t before = now();
            run_on_second([] { told = now(); });
            const std::uint64_t after = now();
            if (!expect(before <= told && told <= after)) return;
        }
    }},
});

}

constinit const std::span<const Case> cases = table;

}
