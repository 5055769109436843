// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Long calls let events in and go on: the other vcpu sees one begin, and signals; the upcall comes while part of the
// work is done; in the end all of it is.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/grants.hpp"
#include "kit/ports.hpp"
#include "kit/reservation.hpp"
#include "kit/second_vcpu.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

namespace kit {
namespace {

constexpr unsigned version = 4 << 16 | 17;
constexpr std::size_t many = 400;

// What all cases use: a port that tells, many pages, and two more.
struct Ground {
    unsigned port = port_of(bind_ipi());
    std::span<Page> pages = fresh_pages(many);
    Page& window = fresh_page();
    Page& target = fresh_page();
};
const Ground& ground() {
    static const Ground all;
    return all;
}

// The call that is made, for whoever looks at it beside: the upcall, which notes how much of it is done, and the other vcpu.
struct Watch {
    void* call = nullptr;
    bool (*begun)(void* call) = nullptr;
    std::uint64_t (*part)(void* call) = nullptr;
    std::atomic<std::uint64_t> part_at_event = 0;
    std::atomic<bool> over = false;

    template <typename Call>
    void look_at(Call& watched) {
        call = &watched;
        begun = [](void* it) { return static_cast<Call*>(it)->begun(); };
        part = [](void* it) { return static_cast<Call*>(it)->part(); };
        part_at_event = 0;
        over = false;
    }
} watch;

void take_part() {
    watch.part_at_event = watch.part(watch.call);
    set_event_reader(nullptr);
    take_events();
}

// On the second vcpu.
void signal_once_it_has_begun() {
    while (!watch.begun(watch.call) && !watch.over) __builtin_ia32_pause();
    send(ground().port);
}

template <typename Call>
void make_watched(Call& call) {
    watch.look_at(call);
    call.prepare();
    set_event_reader(take_part);
    begin_on_second(signal_once_it_has_begun);
    allow_events(true);
    call.make();
    watch.over = true;
    finish_on_second();
    let_events_in();
    allow_events(false);
}

// The event came in while a part was done. On a busy machine the call may be over before the other vcpu has looked, and
// tells nothing: then it is made again.
//
// A call says how it is made ready and made; whether it has begun, and how much of it is done, as the guest is told; and how
// much there is to do. What it is made of are its members: an object for each case.
template <typename Call>
void expect_resumed(Call& call, Location where = Location::current()) {
    for (unsigned tried = 0; tried < 50; ++tried) {
        make_watched(call);
        if (watch.part_at_event > 0 && watch.part_at_event < call.whole) return;
    }
    fail(Line{} << "the event never came in between", where);
}

template <class Word>
Word now_in(const Word& word) { return *const_cast<const volatile Word*>(&word); }

constexpr std::int16_t not_yet = 99;
template <class List>
std::uint64_t answered(const List& list) {
    std::uint64_t count = 0;
    for (const auto& request : list) count += now_in(request.status) != not_yet;
    return count;
}

constexpr unsigned references = 4;        // of one page: stock Xen lets 255 mappings be made of each
constexpr unsigned first_reference = 20;
GrantEntry* entries_of_target() {
    static GrantEntry* const first = grants_of(0, fresh_page());
    return first + first_reference;
}
void lend_target() {
    for (unsigned at = 0; at < references; ++at) give(entries_of_target()[at], 0, ground().target.mfn());
}
bool is_lent_to_nobody() {
    for (unsigned at = 0; at < references; ++at)
        if (entries_of_target()[at].flags != GTF_permit_access) return false;
    return true;
}

// Of a list an element of which raises the event.
struct Calls {
    std::array<multicall_entry_t, 3000> list{};
    evtchn_send_t request{ground().port};

    bool begun() const { return true; }
    std::uint64_t part() const {
        std::uint64_t made = 0;
        for (const auto& call : list) made += now_in(call.result) == version;
        return made;
    }
};

// Two mappings of a window in turn; the first element tells that it has begun.
struct Updates {
    static constexpr std::uint64_t whole = 12'000;
    std::array<mmu_update_t, whole> list;
    unsigned done;
    Status answer;

    static void put_back() { mmu_update(ground().target.machine() | MMU_MACHPHYS_UPDATE, pfn_of(&ground().target)); }
    void prepare() {
        const std::uint64_t place = slot_of(&ground().window).machine();
        const std::uint64_t frame = ground().target.mfn(), own = ground().window.mfn();
        for (std::size_t at = 0; at < whole; ++at) list[at] = {place, entry(at % 2 ? own : frame, kernel_page)};
        list[0] = {frame * page_size | MMU_MACHPHYS_UPDATE, 0x123456};
        put_back();
        done = 0;
    }
    void make() { answer = mmu_update(list, &done); }
    bool begun() { return m2p(ground().target.mfn()) != pfn_of(&ground().target); }
    std::uint64_t part() const { return now_in(done); }
};
struct RewrittenUpdates : Updates {
    bool begun() {
        if (!Updates::begun()) return false;
        list[whole - 1].val = entry(root_mfn(), kernel_page);
        return true;
    }
};

struct Clearings {
    static constexpr std::uint64_t whole = 4000;
    std::array<mmuext_op_t, whole> list;
    unsigned done;
    Status answer;

    void prepare() {
        ground().window.words[0] = 1;
        for (auto& operation : list) {
            operation.cmd = MMUEXT_CLEAR_PAGE;
            operation.arg1.mfn = ground().window.mfn();
        }
        done = 0;
    }
    void make() { answer = mmuext_op(list, &done); }
    bool begun() const { return now_in(ground().window.words[0]) == 0; }
    std::uint64_t part() const { return now_in(done); }
};

// The frames of the many pages, which go, and the pages' places, to which others come.
struct Frames {
    static constexpr std::uint64_t whole = many;
    std::array<xen_pfn_t, many> gone, come;
    Status reserved = pages_of(XENMEM_current_reservation);

    void take() {
        for (std::size_t place = 0; place < many; ++place) {
            gone[place] = unmapped(ground().pages[place]);
            come[place] = pfn_of(&ground().pages[place]);
        }
    }
    void attach_all() const {
        for (std::size_t place = 0; place < many; ++place) attach(ground().pages[place], come[place]);
    }
};
struct GivenFrames : Frames {
    Status given = 0, taken = 0;

    void prepare() {
        if (given == static_cast<Status>(many)) attach_all();
        take();
    }
    void make() {
        given = reservation(XENMEM_decrease_reservation, gone);
        taken = reservation(XENMEM_populate_physmap, come);
    }
    bool begun() const { return part() != 0; }
    std::uint64_t part() const { return static_cast<std::uint64_t>(reserved - pages_of(XENMEM_current_reservation)); }
};
struct ExchangedFrames : Frames {
    xen_memory_exchange request{};
    Status answer;

    void prepare() {
        if (request.nr_exchanged == many) attach_all();
        take();
        request = Exchange(gone, 0, come, 0).request;
    }
    void make() { answer = call<rows::memory_op, XENMEM_exchange>(request); }
    bool begun() const { return now_in(come[0]) != pfn_of(&ground().pages[0]); }
    std::uint64_t part() const { return now_in(request.nr_exchanged); }
};

struct Copies {
    static constexpr std::uint64_t whole = 3000;
    std::array<gnttab_copy_t, whole> list{};
    Status answer;

    void prepare() {
        lend_target();
        ground().target.words[0] = 0x600d;
        for (auto& copy : list) {
            copy.source.u.ref = first_reference;
            copy.source.domid = copy.dest.domid = DOMID_SELF;
            copy.dest.u.gmfn = ground().window.mfn();
            copy.len = page_size;
            copy.flags = GNTCOPY_source_gref;
            copy.status = not_yet;
        }
    }
    void make() { answer = call<rows::grant_table_op, GNTTABOP_copy>(list[0], whole); }
    bool begun() const { return now_in(list[0].status) != not_yet; }
    std::uint64_t part() const { return answered(list); }
};

// Mappings of the target, one for each of the many pages, and their ends: two calls, of which each needs the other before
// it is made again.
struct Mappings {
    std::array<gnttab_map_grant_ref_t, many> begin;
    std::array<gnttab_unmap_grant_ref_t, many> end;
    Status begun = 0, ended = 0;
    bool are_there = false;

    void name_all() {
        lend_target();
        for (std::size_t place = 0; place < many; ++place) {
            begin[place] = {};
            begin[place].host_addr = ground().pages[place].address();
            begin[place].ref = first_reference + place % references;
            begin[place].flags = GNTMAP_host_map;
            begin[place].status = not_yet;
        }
    }
    void name_ends() {
        for (std::size_t place = 0; place < many; ++place)
            end[place] = {ground().pages[place].address(), 0, begin[place].handle, not_yet};
    }
    void map_all() {
        begun = call<rows::grant_table_op, GNTTABOP_map_grant_ref>(begin[0], many);
        are_there = true;
    }
    void end_all() {
        ended += call<rows::grant_table_op, GNTTABOP_unmap_grant_ref>(end[0], many);
        are_there = false;
    }
};
struct Mapping {
    static constexpr std::uint64_t whole = many;
    Mappings& all;

    void prepare() {
        if (all.are_there) all.name_ends(), all.end_all();
        all.name_all();
    }
    void make() { all.map_all(); }
    bool begun() const { return now_in(all.begin[0].status) != not_yet; }
    std::uint64_t part() const { return answered(all.begin); }
};
struct Ending {
    static constexpr std::uint64_t whole = many;
    Mappings& all;

    void prepare() {
        if (!all.are_there) all.name_all(), all.map_all();
        all.name_ends();
    }
    void make() { all.end_all(); }
    bool begun() const { return now_in(all.end[0].status) != not_yet; }
    std::uint64_t part() const { return answered(all.end); }
};

template <class List>
void expect_all_okay(const List& list, Location where = Location::current()) {
    for (const auto& request : list)
        if (!expect_equal(request.status, GNTST_okay, where)) break;
}

constexpr auto table = std::to_array<Case>({
    {"vcpu_op.up", "a second vcpu watches", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        expect(ground().port != 0);
    }},
    {"multicall", "an event that a call of the list raises comes before the next one is made", [] {
        static Calls calls;
        for (auto& call : calls.list) call.op = __HYPERVISOR_xen_version;
        calls.list[5].op = __HYPERVISOR_event_channel_op;
        calls.list[5].args[0] = EVTCHNOP_send;
        calls.list[5].args[1] = reinterpret_cast<std::uint64_t>(&calls.request);
        watch.look_at(calls);
        set_event_reader(take_part);
        allow_events(true);
        expect_equal(multicall(calls.list), 0);
        allow_events(false);
        expect_equal(watch.part_at_event.load(), 5);
        expect_equal(calls.part(), calls.list.size() - 1);
        expect_equal(calls.list[5].result, 0);
    }},
    {"mmu_update", "a long list lets events in, and all of it is done", [] {
        static Updates call;
        expect_resumed(call);
        expect_equal(call.answer, 0);
        expect_equal(call.done, call.whole);
        expect_equal(mfn_in(slot_of(&ground().window).value()), ground().window.mfn());
        call.put_back();
    }},
    {"mmu_update", "what the other vcpu writes into the rest of a list is what is done, or refused", [] {
        static RewrittenUpdates call;
        expect_resumed(call);
        expect_equal(call.answer, -XEN_EBUSY);
        expect_equal(call.done, call.whole - 1);
        expect_equal(mfn_in(slot_of(&ground().window).value()), ground().target.mfn());
        expect_equal(make_writable(ground().window), 0);
        call.put_back();
    }},
    {"mmuext_op", "a long list lets events in, and all of it is done", [] {
        static Clearings call;
        expect_resumed(call);
        expect_equal(call.answer, 0);
        expect_equal(call.done, call.whole);
    }},
    {"memory_op.decrease_reservation", "many frames go while events come, and populate_physmap brings as many", [] {
        static GivenFrames call;
        expect_resumed(call);
        expect_equal(call.given, many);
        expect_equal(call.taken, many);
        expect_equal(pages_of(XENMEM_current_reservation), call.reserved);
        for (std::size_t place = 0; place < many; ++place)
            if (!expect_equal(m2p(call.come[place]), pfn_of(&ground().pages[place]))) break;
        call.attach_all();
    }},
    {"memory_op.exchange", "many frames are exchanged while events come", [] {
        static ExchangedFrames call;
        expect_resumed(call);
        expect_equal(call.answer, 0);
        expect_equal(call.request.nr_exchanged, many);
        expect_equal(pages_of(XENMEM_current_reservation), call.reserved);
        call.attach_all();
    }},
    {"grant_table_op.copy", "many copies are made while events come", [] {
        static Copies call;
        expect_resumed(call);
        expect_equal(call.answer, 0);
        expect_all_okay(call.list);
        expect_equal(ground().window.words[0], 0x600d);
        expect(is_lent_to_nobody());
    }},
    {"grant_table_op.map_grant_ref", "many mappings are made, and ended, while events come", [] {
        static Mappings all;
        Mapping mapping{all};
        expect_resumed(mapping);
        expect_equal(all.begun, 0);
        expect_all_okay(all.begin);
        Ending ending{all};
        expect_resumed(ending);
        expect_equal(all.ended, 0);
        expect_all_okay(all.end);
        expect(is_lent_to_nobody());
        for (Page& page : ground().pages) make_writable(page);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
