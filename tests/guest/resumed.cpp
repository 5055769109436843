// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Long calls let events in and go on: the other vcpu sees one begin, and signals; the upcall comes while part of the
// work is done; in the end all of it is.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/grants.hpp"
#include "kit/reservation.hpp"
#include "kit/second_vcpu.hpp"

#include <array>
#include <atomic>

namespace kit {
namespace {

constexpr unsigned version = 4 << 16 | 17;

evtchn_port_t port;

// A call that is watched: whether it has begun, and how much of it is done as the guest is told.
struct Watched {
    bool (*begun)();
    std::uint64_t (*part)();
    std::uint64_t whole;
    void (*prepare)();
    void (*make)();
};
const Watched* watched;
std::atomic<std::uint64_t> part_at_event;
std::atomic<bool> over;

void take_part() {
    part_at_event = watched->part();
    set_event_reader(nullptr);
    take_events();
}

// On the second vcpu.
void signal_once_it_has_begun() {
    while (!watched->begun() && !over) __builtin_ia32_pause();
    evtchn_send_t request{port};
    event_channel_op(EVTCHNOP_send, &request);
}

void make_watched() {
    over = false;
    part_at_event = 0;
    watched->prepare();
    set_event_reader(take_part);
    begin_on_second(signal_once_it_has_begun);
    allow_events(true);
    watched->make();
    over = true;
    finish_on_second();
    let_events_in();
    allow_events(false);
}

// The event came in while a part was done. On a busy machine the call may be over before the other vcpu has looked, and
// tells nothing: then it is made again.
void expect_resumed(const Watched& call, Location where = Location::current()) {
    watched = &call;
    for (unsigned tried = 0; tried < 50; ++tried) {
        make_watched();
        if (part_at_event > 0 && part_at_event < call.whole) return;
    }
    fail(Line{} << "the event never came in between", where);
}

constexpr std::size_t long_list = 12'000;
constexpr std::size_t many = 400;
std::array<mmu_update_t, long_list> updates;
std::array<mmuext_op_t, 4000> operations;
std::array<multicall_entry_t, 3000> calls;
std::array<gnttab_copy_t, 3000> copies;
std::array<gnttab_map_grant_ref_t, many> maps;
std::array<gnttab_unmap_grant_ref_t, many> ends;
std::array<xen_pfn_t, many> frames, places;
std::array<xen_memory_exchange, 1> exchanges;
std::span<Page> pages;
Page* window;
Page* target;
unsigned done;
Status answer;
Status reserved;

constexpr std::int16_t not_yet = 99;
template <class List>
std::uint64_t answered(const List& list) {
    std::uint64_t count = 0;
    for (const auto& request : list) count += *const_cast<const volatile std::int16_t*>(&request.status) != not_yet;
    return count;
}
template <class List>
bool first_answered(const List& list) { return *const_cast<const volatile std::int16_t*>(&list[0].status) != not_yet; }

template <class Word>
Word now_in(const Word& word) { return *const_cast<const volatile Word*>(&word); }

constexpr unsigned references = 4;        // of one page: stock Xen lets 255 mappings be made of each
GrantEntry* entries_of_target() {
    static GrantEntry* const first = grants_of(0, fresh_page());
    return first + 20;
}
void lend_target() {
    for (unsigned at = 0; at < references; ++at) give(entries_of_target()[at], 0, target->mfn());
}
bool is_lent_to_nobody() {
    for (unsigned at = 0; at < references; ++at)
        if (entries_of_target()[at].flags != GTF_permit_access) return false;
    return true;
}

void take_frames_of_pages() {
    for (std::size_t place = 0; place < many; ++place) frames[place] = unmapped(pages[place]);
}
void attach_pages(const std::array<xen_pfn_t, many>& to) {
    for (std::size_t place = 0; place < many; ++place) attach(pages[place], to[place]);
}
void name_places() {
    for (std::size_t place = 0; place < many; ++place) places[place] = pfn_of(&pages[place]);
}

constexpr auto table = std::to_array<Case>({
    {"vcpu_op.up", "a second vcpu watches", [] {
        expect_equal(vcpu_op(VCPUOP_initialise, 1, &second_vcpu_context()), 0);
        expect_equal(vcpu_op(VCPUOP_up, 1), 0);
        evtchn_bind_ipi_t request{0, 0};
        expect_equal(event_channel_op(EVTCHNOP_bind_ipi, &request), 0);
        port = request.port;
        pages = fresh_pages(many);
        window = &fresh_page();
        target = &fresh_page();
    }},
    {"multicall", "an event that a call of the list raises comes before the next one is made", [] {
        static evtchn_send_t request{};
        request.port = port;
        calls = {};
        for (auto& call : calls) call.op = __HYPERVISOR_xen_version;
        calls[5].op = __HYPERVISOR_event_channel_op;
        calls[5].args[0] = EVTCHNOP_send;
        calls[5].args[1] = reinterpret_cast<std::uint64_t>(&request);
        static const Watched here{nullptr, [] {
            std::uint64_t made = 0;
            for (const auto& call : calls) made += now_in(call.result) == version;
            return made;
        }, 0, nullptr, nullptr};
        watched = &here;
        set_event_reader(take_part);
        allow_events(true);
        expect_equal(multicall(calls), 0);
        allow_events(false);
        expect_equal(part_at_event.load(), 5);
        expect_equal(here.part(), calls.size() - 1);
        expect_equal(calls[5].result, 0);
    }},
    {"mmu_update", "a long list lets events in, and all of it is done", [] {
        expect_resumed({[] { return m2p(target->mfn()) != pfn_of(target); }, [] { return std::uint64_t{now_in(done)}; }, long_list,
            [] {
                const std::uint64_t place = slot_of(window).machine(), frame = target->mfn(), own = window->mfn();
                for (std::size_t at = 0; at < long_list; ++at) updates[at] = {place, entry(at % 2 ? own : frame, kernel_page)};
                updates[0] = {frame * page_size | MMU_MACHPHYS_UPDATE, 0x123456};
                mmu_update(frame * page_size | MMU_MACHPHYS_UPDATE, pfn_of(target));
                done = 0;
            },
            [] { answer = mmu_update(updates, &done); }});
        expect_equal(answer, 0);
        expect_equal(done, long_list);
        expect_equal(mfn_in(slot_of(window).value()), window->mfn());
        mmu_update(target->machine() | MMU_MACHPHYS_UPDATE, pfn_of(target));
    }},
    {"mmu_update", "what the other vcpu writes into the rest of a list is what is done, or refused", [] {
        expect_resumed({[] {
                if (m2p(target->mfn()) == pfn_of(target)) return false;
                updates[long_list - 1].val = entry(root_mfn(), kernel_page);
                return true;
            }, [] { return std::uint64_t{now_in(done)}; }, long_list,
            [] {
                const std::uint64_t place = slot_of(window).machine(), frame = target->mfn(), own = window->mfn();
                for (std::size_t at = 0; at < long_list; ++at) updates[at] = {place, entry(at % 2 ? own : frame, kernel_page)};
                updates[0] = {frame * page_size | MMU_MACHPHYS_UPDATE, 0x123456};
                mmu_update(frame * page_size | MMU_MACHPHYS_UPDATE, pfn_of(target));
                done = 0;
            },
            [] { answer = mmu_update(updates, &done); }});
        expect_equal(answer, -XEN_EBUSY);
        expect_equal(done, long_list - 1);
        expect_equal(mfn_in(slot_of(window).value()), target->mfn());
        expect_equal(make_writable(*window), 0);
        mmu_update(target->machine() | MMU_MACHPHYS_UPDATE, pfn_of(target));
    }},
    {"mmuext_op", "a long list lets events in, and all of it is done", [] {
        expect_resumed({[] { return now_in(window->words[0]) == 0; }, [] { return std::uint64_t{now_in(done)}; }, operations.size(),
            [] {
                window->words[0] = 1;
                for (auto& operation : operations) {
                    operation.cmd = MMUEXT_CLEAR_PAGE;
                    operation.arg1.mfn = window->mfn();
                }
                done = 0;
            },
            [] { answer = mmuext_op(operations, &done); }});
        expect_equal(answer, 0);
        expect_equal(done, operations.size());
    }},
    {"memory_op.decrease_reservation", "many frames go while events come, and populate_physmap brings as many", [] {
        reserved = pages_of(XENMEM_current_reservation);
        static Status given, taken;
        expect_resumed({[] { return pages_of(XENMEM_current_reservation) < reserved; },
            [] { return static_cast<std::uint64_t>(reserved - pages_of(XENMEM_current_reservation)); }, many,
            [] {
                if (given == static_cast<Status>(many)) attach_pages(places);
                take_frames_of_pages();
                name_places();
            },
            [] {
                given = reservation(XENMEM_decrease_reservation, frames);
                taken = reservation(XENMEM_populate_physmap, places);
            }});
        expect_equal(given, many);
        expect_equal(taken, many);
        expect_equal(pages_of(XENMEM_current_reservation), reserved);
        for (std::size_t place = 0; place < many; ++place)
            if (!expect_equal(m2p(places[place]), pfn_of(&pages[place]))) break;
        attach_pages(places);
    }},
    {"memory_op.exchange", "many frames are exchanged while events come", [] {
        reserved = pages_of(XENMEM_current_reservation);
        expect_resumed({[] { return now_in(places[0]) != pfn_of(&pages[0]); }, [] { return std::uint64_t{now_in(exchanges[0].nr_exchanged)}; }, many,
            [] {
                if (exchanges[0].nr_exchanged == many) attach_pages(places);
                take_frames_of_pages();
                name_places();
                exchanges[0] = Exchange(frames, 0, places, 0).request;
            },
            [] { answer = memory_op(XENMEM_exchange, &exchanges[0]); }});
        expect_equal(answer, 0);
        expect_equal(exchanges[0].nr_exchanged, many);
        expect_equal(pages_of(XENMEM_current_reservation), reserved);
        attach_pages(places);
    }},
    {"grant_table_op.copy", "many copies are made while events come", [] {
        expect_resumed({[] { return first_answered(copies); }, [] { return answered(copies); }, copies.size(),
            [] {
                lend_target();
                target->words[0] = 0x600d;
                for (auto& copy : copies) {
                    copy.source.u.ref = 20;
                    copy.source.domid = copy.dest.domid = DOMID_SELF;
                    copy.dest.u.gmfn = window->mfn();
                    copy.len = page_size;
                    copy.flags = GNTCOPY_source_gref;
                    copy.status = not_yet;
                }
            },
            [] { answer = grant_table_op(GNTTABOP_copy, copies.data(), copies.size()); }});
        expect_equal(answer, 0);
        for (const auto& copy : copies)
            if (!expect_equal(copy.status, GNTST_okay)) break;
        expect_equal(window->words[0], 0x600d);
        expect(is_lent_to_nobody());
    }},
    {"grant_table_op.map_grant_ref", "many mappings are made, and ended, while events come", [] {
        static Status ended;
        static bool are_mapped;
        static const auto map_all = [] {
            lend_target();
            for (std::size_t place = 0; place < many; ++place) {
                maps[place] = {};
                maps[place].host_addr = pages[place].address();
                maps[place].ref = 20 + place % references;
                maps[place].flags = GNTMAP_host_map;
                maps[place].status = not_yet;
            }
        };
        static const auto end_all = [] {
            for (std::size_t place = 0; place < many; ++place)
                ends[place] = {pages[place].address(), 0, maps[place].handle, not_yet};
        };
        static const auto map = [] {
            answer = grant_table_op(GNTTABOP_map_grant_ref, maps.data(), many);
            are_mapped = true;
        };
        static const auto end = [] {
            ended += grant_table_op(GNTTABOP_unmap_grant_ref, ends.data(), many);
            are_mapped = false;
        };
        expect_resumed({[] { return first_answered(maps); }, [] { return answered(maps); }, many,
            [] {
                if (are_mapped) end_all(), end();
                map_all();
            },
            [] { map(); }});
        expect_equal(answer, 0);
        for (const auto& mapping : maps)
            if (!expect_equal(mapping.status, GNTST_okay)) break;
        expect_resumed({[] { return first_answered(ends); }, [] { return answered(ends); }, many,
            [] {
                if (!are_mapped) map_all(), map();
                end_all();
            },
            [] { end(); }});
        expect_equal(ended, 0);
        for (const auto& mapping : ends)
            if (!expect_equal(mapping.status, GNTST_okay)) break;
        expect(is_lent_to_nobody());
        for (Page& page : pages) make_writable(page);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
