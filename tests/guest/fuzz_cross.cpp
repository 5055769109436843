// RUN: %boot-guest --cpus 2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Dom0 and a twin of it do the same random grant, event and page-table work at each other, on two CPUs. The twin is
// destroyed in the middle of it, with all that it has of Dom0's and Dom0 of its. Words: seed=, lives=, calls= (in a life).
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/paging.hpp"
#include "kit/tool_acts.hpp"
#include "kit/twin.hpp"

#include <algorithm>

namespace kit {
namespace {

struct Progress {
    volatile std::uint64_t seed, done, okay;
};
Progress progress;

// Of these there are few, so that both sides meet at each.
constexpr unsigned pages = 12, windows = 12, references = 24, first_reference = 16, handles = 96, ports = 40;
constexpr unsigned first_port_of_dom0 = 100, first_port_of_twin = 1;
constexpr unsigned end_of_ports = 1024;               // no life gets so far

class Side {
public:
    void set_up(bool twin);
    void turn_to(unsigned peer) { peer_ = peer; }
    void act(Random& random);
    // What is mapped of the peer, window by window and handle by handle.
    void give_back();
    void take_back_grants();
    void close_strays();

    std::uint64_t done = 0, okay = 0;

private:
    template <class Request, std::size_t count>
    void grant(unsigned command, std::span<Request, count> requests);
    void event(int command, void* request);
    domid_t somebody(Random& random) const { return random.one_in(5) ? DOMID_SELF : static_cast<domid_t>(peer_); }
    GrantEntry& some_entry(Random& random) { return grants_[first_reference + random.below(references)]; }
    std::uint64_t some_place(Random& random, bool as_entry) const {
        const Page& page = *windows_[random.below(windows)];
        return as_entry ? slot_of(&page).machine() : page.address();
    }
    unsigned near_port(Random& random) const { return (is_twin_ ? first_port_of_twin : first_port_of_dom0) + random.below(ports); }
    unsigned far_port(Random& random) const { return (is_twin_ ? first_port_of_dom0 : first_port_of_twin) + random.below(ports); }

    // The twin offers any memory. Dom0 lives on when it has been written to: these pages, and what is no memory.
    unsigned some_frame(Random& random) const {
        constexpr unsigned machine = 1 << 16;
        if (is_twin_) return random.below(machine);
        return random.one_in(2) ? static_cast<unsigned>(frames_[random.below(pages)]) : machine + random.below(machine);
    }

    void change_entries(Random& random);
    void map(Random& random);
    void unmap(Random& random);
    void unmap_and_replace(Random& random);
    void copy(Random& random);
    void allocate_port(Random& random);
    void join_port(Random& random);
    void close_port(Random& random);
    void send(Random& random);
    void ask_port(Random& random);
    void unmask(Random& random);
    void reset_ports(Random& random);
    void map_own_window(Random& random);
    void map_own_page(Random& random);
    void make_table(Random& random);
    void unmake_table(Random& random);
    void clear_page(Random& random);
    void touch(Random& random);

    bool is_twin_ = false;
    unsigned peer_ = 0;
    GrantEntry* grants_ = nullptr;
    std::array<Page*, pages> pages_{};
    std::array<std::uint64_t, pages> frames_{};
    std::array<Page*, windows> windows_{};
    std::uint64_t highest_handle_ = 0;

    static const std::array<Act<Side>, 18> acts_;
};

constexpr std::array<Act<Side>, 18> Side::acts_{{
    {14, &Side::change_entries},
    {12, &Side::map}, {12, &Side::unmap}, {4, &Side::unmap_and_replace}, {8, &Side::copy},
    {5, &Side::allocate_port}, {7, &Side::join_port}, {5, &Side::close_port}, {3, &Side::send}, {2, &Side::ask_port},
    {2, &Side::unmask}, {1, &Side::reset_ports},
    {3, &Side::map_own_window}, {3, &Side::map_own_page}, {2, &Side::make_table}, {2, &Side::unmake_table},
    {2, &Side::clear_page},
    {13, &Side::touch},
}};

void Side::set_up(bool twin) {
    is_twin_ = twin;
    Page& window = fresh_page();
    xen_pfn_t frame = 0;
    gnttab_setup_table_t setup{};
    setup.dom = DOMID_SELF;
    setup.nr_frames = 1;
    set_xen_guest_handle(setup.frame_list, &frame);
    grant(GNTTABOP_setup_table, std::span{&setup, 1});
    update_va_mapping(&window, entry(frame, kernel_page), UVMF_INVLPG);
    grants_ = reinterpret_cast<GrantEntry*>(&window);
    for (auto& page : pages_) page = &fresh_page();
    std::ranges::transform(pages_, frames_.begin(), [](const Page* page) { return page->mfn(); });
    for (auto& each : windows_) update_va_mapping(each = &fresh_page(), 0, UVMF_INVLPG);
}

void Side::act(Random& random) {
    ++done;
    kit::act(*this, acts_, random);
}

// A call and how many of its requests were granted.
template <class Request, std::size_t count>
void Side::grant(unsigned command, std::span<Request, count> requests) {
    bare_hypercall(__HYPERVISOR_grant_table_op, command, requests.data(), requests.size());
    for (const Request& request : requests) okay += request.status == GNTST_okay;
}

void Side::event(int command, void* request) { okay += bare_hypercall(__HYPERVISOR_event_channel_op, command, request) == 0; }

// Of grants that may be in use just now, too.
void Side::change_entries(Random& random) {
    for (unsigned changes = 0; changes < 3; ++changes) {
        GrantEntry& one = some_entry(random);
        switch (random.below(8)) {
        case 0: one.flags = 0; break;
        case 1: one.flags = static_cast<std::uint16_t>(GTF_accept_transfer); break;
        case 2: one.frame = some_frame(random); break;
        case 3: one.flags = static_cast<std::uint16_t>(random.below(1 << 9)); break;
        default: give(one, random.one_in(8) ? peer_ + 1 : peer_, frames_[random.below(pages)], random.one_in(2) ? GTF_readonly : 0);
        }
    }
}

void Side::map(Random& random) {
    const bool as_entry = random.one_in(3);
    const Page& page = *windows_[random.below(windows)];
    if (!is_twin_ && slot_of(&page).value() != 0) return;      // Dom0 loses no mapping that it has to end
    gnttab_map_grant_ref_t one{};
    one.host_addr = as_entry ? slot_of(&page).machine() : page.address();
    one.flags = GNTMAP_host_map | (random.one_in(2) ? GNTMAP_readonly : 0u) | (as_entry ? GNTMAP_contains_pte : 0u) |
                (is_twin_ && random.one_in(12) ? GNTMAP_device_map : 0u);
    one.ref = first_reference + random.below(references);
    one.dom = somebody(random);
    grant(GNTTABOP_map_grant_ref, std::span{&one, 1});
    if (one.status == GNTST_okay) highest_handle_ = std::max<std::uint64_t>(highest_handle_, one.handle);
}

void Side::unmap(Random& random) {
    std::array<gnttab_unmap_grant_ref_t, 8> many{};
    for (auto& one : many) one = {some_place(random, random.one_in(3)), 0, random.below(handles), 0};
    grant(GNTTABOP_unmap_grant_ref, std::span{many});
}

void Side::unmap_and_replace(Random& random) {
    gnttab_unmap_and_replace_t one{};
    one.handle = random.below(handles);
    one.host_addr = some_place(random, false);
    one.new_addr = is_twin_ && !random.one_in(4) ? some_place(random, false) : 0;
    grant(GNTTABOP_unmap_and_replace, std::span{&one, 1});
}

void Side::copy(Random& random) {
    std::array<gnttab_copy_t, 4> many{};
    for (auto& one : many) {
        const bool from = random.one_in(2), to = !from || random.one_in(3);
        one.flags = static_cast<std::uint16_t>((from ? GNTCOPY_source_gref : 0) | (to ? GNTCOPY_dest_gref : 0));
        const auto fill = [&](auto& side, bool granted) {
            side.domid = granted ? somebody(random) : DOMID_SELF;
            side.offset = random.one_in(4) ? 7 : 0;
            if (granted)
                side.u.ref = first_reference + random.below(references);
            else
                side.u.gmfn = frames_[random.below(pages)];
        };
        fill(one.source, from);
        fill(one.dest, to);
        one.len = static_cast<std::uint16_t>(random.below(page_size + 1));
    }
    grant(GNTTABOP_copy, std::span{many});
}

void Side::allocate_port(Random& random) {
    evtchn_alloc_unbound_t one{DOMID_SELF, somebody(random), 0};
    event(EVTCHNOP_alloc_unbound, &one);
}

void Side::join_port(Random& random) {
    evtchn_bind_interdomain_t one{};
    one.remote_dom = somebody(random);
    one.remote_port = one.remote_dom == DOMID_SELF ? near_port(random) : far_port(random);
    event(EVTCHNOP_bind_interdomain, &one);
}

void Side::close_port(Random& random) {
    evtchn_close_t one{near_port(random)};
    event(EVTCHNOP_close, &one);
}

void Side::send(Random& random) {
    evtchn_send_t one{near_port(random)};
    event(EVTCHNOP_send, &one);
}

void Side::ask_port(Random& random) {
    evtchn_status_t one{};
    one.dom = somebody(random);
    one.port = near_port(random);
    event(EVTCHNOP_status, &one);
}

void Side::unmask(Random& random) {
    evtchn_unmask_t one{near_port(random)};
    event(EVTCHNOP_unmask, &one);
}

void Side::reset_ports(Random& random) {
    evtchn_reset_t one{DOMID_SELF};
    if (is_twin_ && random.one_in(100)) event(EVTCHNOP_reset, &one);
}

void Side::map_own_window(Random& random) {
    if (!is_twin_) return;
    const std::uint64_t flags = random.one_in(2) ? kernel_page : read_only_page;
    bare_hypercall(__HYPERVISOR_update_va_mapping, windows_[random.below(windows)],
                   random.one_in(2) ? 0 : entry(frames_[random.below(pages)], flags), UVMF_INVLPG);
}

void Side::map_own_page(Random& random) {
    const unsigned which = random.below(pages);
    bare_hypercall(__HYPERVISOR_update_va_mapping, pages_[which],
                   entry(frames_[which], random.one_in(2) ? kernel_page : read_only_page), UVMF_INVLPG);
}

// Data becomes a table, and data again.
void Side::make_table(Random& random) {
    const unsigned which = random.below(pages);
    bare_hypercall(__HYPERVISOR_update_va_mapping, pages_[which], 0, UVMF_INVLPG);
    mmuext_op(MMUEXT_PIN_L1_TABLE, frames_[which]);
}
void Side::unmake_table(Random& random) { mmuext_op(MMUEXT_UNPIN_TABLE, frames_[random.below(pages)]); }
void Side::clear_page(Random& random) { mmuext_op(MMUEXT_CLEAR_PAGE, frames_[random.below(pages)]); }

// Through whatever is mapped just now.
void Side::touch(Random& random) {
    static_cast<void>(fault_of([&] {
        volatile std::uint64_t& word = windows_[random.below(windows)]->words[random.below(512)];
        if (random.one_in(3)) word = 0; else static_cast<void>(word);
    }));
    static_cast<void>(fault_of([&] { pages_[random.below(pages)]->words[random.below(512)] = 0; }));
}

void Side::give_back() {
    for (std::uint64_t handle = 0; handle <= highest_handle_; ++handle)
        for (const Page* const each : windows_)
            for (const std::uint64_t place : {each->address(), slot_of(each).machine()}) {
                gnttab_unmap_grant_ref_t one{place, 0, static_cast<grant_handle_t>(handle), 0};
                grant(GNTTABOP_unmap_grant_ref, std::span{&one, 1});
            }
    for (const Page* const each : windows_) expect_equal(slot_of(each).value(), 0);
}

void Side::take_back_grants() {
    for (unsigned reference = first_reference; reference < first_reference + references; ++reference) grants_[reference].flags = 0;
}

// Ports that were made beyond those that acts close.
void Side::close_strays() {
    for (unsigned port = first_port_of_dom0 + ports; port < end_of_ports; ++port) {
        evtchn_close_t one{port};
        event(EVTCHNOP_close, &one);
    }
}

Side side;

void live() {
    start_memory(start);
    start_traps();
    side = {};                                        // it was Dom0's
    side.set_up(true);
    Random random(progress.seed);
    for (;;) {
        side.act(random);
        progress.okay = side.okay;
        progress.done = side.done;
    }
}

struct Total {
    std::uint64_t done = 0, okay = 0;
};

// Half of the twins go while Dom0 has something of theirs mapped.
Total one_life(std::uint64_t seed, std::uint64_t calls, ToolActs& tools, unsigned tools_acts_first) {
    side.turn_to(0);
    const Twin twin(live);
    if (!expect_equal(twin.trouble, 0)) return {};
    twin.write(progress.seed, seed);
    side.turn_to(twin.id);
    tools.turn_to(twin.id);
    Random random(seed + 1);
    expect_equal(twin.start(), 0);
    for (unsigned act = 0; act < tools_acts_first; ++act) tools.gently(random);
    tools.let_run();
    for (std::uint64_t call = 0; call < calls; ++call) {
        side.act(random);
        if (!random.one_in(50)) continue;
        tools.gently(random);
        tools.let_run();
    }
    const Total theirs{twin.read(progress.done), twin.read(progress.okay)};
    if (random.one_in(2)) side.give_back();
    expect_equal(twin.destroy(), 0);
    for (std::uint64_t after = 0; after < calls / 8; ++after) side.act(random);
    side.give_back();
    side.take_back_grants();
    side.close_strays();
    tools.let_go();
    return theirs;
}

constexpr auto table = std::to_array<Case>({
    {in_words("all"), "two domains at each other harm nobody else, and when one goes nothing of it is left", [] {
        const std::uint64_t seed = seed_of_run(), lives = told("lives=", 6), calls = told("calls=", 4000);
        side.set_up(false);
        static ToolActs tools(fresh_page());
        // The records of all ports that it may come to are made now, and stay.
        for (unsigned port = 0; port < end_of_ports; ++port) {
            evtchn_alloc_unbound_t one{DOMID_SELF, DOMID_SELF, 0};
            call<rows::event_channel_op, EVTCHNOP_alloc_unbound>(one);
        }
        side.close_strays();
        Total theirs;
        std::uint64_t before = 0;
        for (std::uint64_t life = 0; life < lives; ++life) {
            const Total more = one_life(seed * 1'000'003 + life * 2, calls, tools, life == 0 ? 1000 : 0);
            theirs = {theirs.done + more.done, theirs.okay + more.okay};
            if (life == 0) before = free_pages();         // whatever is made once only, is made
        }
        print("ours ", side.done, ", granted ", side.okay, "; theirs ", theirs.done, ", granted ", theirs.okay);
        expect_free_pages(before);
        expect_audit_agrees();
    }},
});

}

constinit const std::span<const Case> cases = table;

}
