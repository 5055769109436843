// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// How long a frame's use lasts, what has ended before the next one begins, and two vcpus at it. A number in brackets is the
// advisory of Xen's that an error of the kind is known by.
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/second_vcpu.hpp"

#include <atomic>

namespace kit {
namespace {

Status set(const Slot& slot, std::uint64_t value) { return mmu_update(slot.machine(), value); }
Status pin(unsigned level, const Page& page) { return mmuext_op(MMUEXT_PIN_L1_TABLE + level - 1, page.mfn()); }
Status unpin(const Page& page) { return mmuext_op(MMUEXT_UNPIN_TABLE, page.mfn()); }

std::optional<Fault> store_to(std::uint64_t address) {
    return fault_of([&] { *reinterpret_cast<volatile std::uint64_t*>(address) = 2; });
}

// A root that maps what this one maps.
Page& root_like_this_one() {
    Page& copy = fresh_page();
    const Page& now = page_of(root_mfn());
    for (unsigned i = 0; i < 512; ++i)
        if (i < 256 || i > 271) copy.words[i] = now.words[i];
    return copy;
}

// --- the second vcpu, until it is enough ---

constexpr unsigned times = 1000;
std::atomic<bool> enough;
std::atomic<unsigned> rounds, refused, both;
Page* raced;                    // what they race for,
Page* seen_by_second;           // and where the second sees it
std::atomic<bool> is_table, is_writable;

void start_second() {
    static bool started = false;
    if (started) return;
    started = true;
    expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
    expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
}

// `here` often enough, while the other does its part at least as often as it takes to be there at all.
template <class Here>
void beside(Work other, Here here, unsigned least = times) {
    start_second();
    enough = false;
    rounds = refused = both = 0;
    begin_on_second(other);
    while (rounds == 0) call<rows::sched_op, SCHEDOP_yield>();
    for (unsigned i = 0; i < least; ++i) {
        here();
        if (i % 64 == 0) call<rows::sched_op, SCHEDOP_yield>();
    }
    enough = true;
    finish_on_second();
    expect_equal(refused.load(), 0);
    expect_equal(both.load(), 0);
    expect(rounds > 1);
}

void must(bool done) {
    if (!done) ++refused;
}

void link_and_unlink(unsigned index) {
    const Slot slot{free_slot(2).table_mfn, index};
    must(set(slot, entry(raced->mfn(), table_entry)) == 0);
    must(set(slot, 0) == 0);
}
void link_on_second() {
    for (; !enough; ++rounds) link_and_unlink(211);
}

// A writable page for as long as it is mapped in the second's window; who comes too late is refused as busy.
void map_on_second() {
    for (; !enough; ++rounds) {
        const Status status = update_va_mapping(seen_by_second, entry(raced->mfn(), kernel_page), UVMF_INVLPG);
        must(status == 0 || status == -XEN_EBUSY);
        if (status != 0) continue;
        is_writable = true;
        if (is_table) ++both;
        is_writable = false;
        must(update_va_mapping(seen_by_second, 0, UVMF_NONE) == 0);       // not flushed: that is for who pins it
    }
}

void write_on_second() {
    for (; !enough; ++rounds)
        for (const Page* page : {raced, seen_by_second})
            must(update_va_mapping(&raced[2], entry(page->mfn(), kernel_page), UVMF_INVLPG) == 0);
}

void count_on_second() {
    auto& word = *static_cast<volatile std::uint64_t*>(seen_by_second->words.data());
    for (; !enough; ++rounds) word = word + 2;
}

void change_roots_on_second() {
    for (; !enough; ++rounds) {
        must(mmuext_op(MMUEXT_NEW_BASEPTR, raced->mfn()) == 0);
        must(mmuext_op(MMUEXT_NEW_BASEPTR, root_mfn()) == 0);
    }
}

// A frame that no pseudo-physical number names and nobody maps.
xen_pfn_t contested;
std::atomic<unsigned> turn;     // odd: the second's
std::atomic<bool> exchanged;

Status ask(unsigned command, xen_pfn_t& mfn) {
    xen_memory_reservation request{};
    set_xen_guest_handle(request.extent_start, &mfn);
    request.nr_extents = 1;
    request.domid = DOMID_SELF;
    return untyped::memory_op(command, &request);
}

Status exchange(xen_pfn_t& given) {
    xen_pfn_t gained = pfn_of(raced);
    xen_memory_exchange request{};
    set_xen_guest_handle(request.in.extent_start, &given);
    set_xen_guest_handle(request.out.extent_start, &gained);
    request.in.nr_extents = request.out.nr_extents = 1;
    request.in.domid = request.out.domid = DOMID_SELF;
    const Status status = call<rows::memory_op, XENMEM_exchange>(request);
    if (status == 0) given = gained;
    return status;
}

void exchange_on_second() {
    for (;;) {
        while (turn % 2 == 0)
            if (enough) return;
        exchanged = exchange(contested) == 0;
        ++rounds;
        ++turn;
    }
}

constexpr auto table = std::to_array<Case>({
    // --- a use lasts until its last user goes ---
    {"mmu_update", "a table that two entries name is one until both are gone", [] {
        Page& level1 = fresh_table();
        const Slot first = free_slot(2), second{first.table_mfn, first.index + 1};
        expect_equal(set(first, entry(level1.mfn(), table_entry)), 0);
        expect_equal(set(second, entry(level1.mfn(), table_entry)), 0);
        expect_equal(set(first, 0), 0);
        expect_equal(make_writable(level1), -XEN_EBUSY);
        expect_equal(set(second, 0), 0);
        expect_equal(make_writable(level1), 0);
    }},
    {"mmuext_op.unpin", "a table that is unpinned while an entry names it stays one", [] {
        Page& level1 = fresh_table();
        expect_equal(pin(1, level1), 0);
        expect_equal(set(free_slot(2), entry(level1.mfn(), table_entry)), 0);
        expect_equal(unpin(level1), 0);
        expect_equal(make_writable(level1), -XEN_EBUSY);
        expect_equal(set(free_slot(2), 0), 0);
        expect_equal(make_writable(level1), 0);
    }},
    {"mmu_update", "a page is given back to no use when the table that mapped it goes, unless others map it", [] {
        Page& page = fresh_page();
        Page& level1 = table_of(entry(page.mfn(), kernel_page));
        expect_equal(pin(1, level1), 0);
        expect_equal(make_read_only(page), 0);
        expect_equal(pin(1, page), -XEN_EINVAL);
        expect_equal(unpin(level1), 0);
        expect_equal(pin(1, page), 0);
        expect_equal(unpin(page), 0);
    }},
    {"memory_op.decrease_reservation", "a page that is let go while mapped elsewhere lives as long as the mapping", [] {
        Page& page = fresh_page();
        Page& window = fresh_page();
        page.words[3] = 77;
        xen_pfn_t mfn = page.mfn();
        expect_equal(update_va_mapping(&window, entry(mfn, kernel_page), UVMF_INVLPG), 0);
        expect_equal(update_va_mapping(&page, 0, UVMF_INVLPG), 0);
        xen_memory_reservation release{};
        set_xen_guest_handle(release.extent_start, &mfn);
        release.nr_extents = 1;
        release.domid = DOMID_SELF;
        expect_equal(call<rows::memory_op, XENMEM_decrease_reservation>(release), 1);
        expect_equal(window.words[3], 77);
        window.words[3] = 78;
        expect_equal(window.words[3], 78);
        expect_equal(update_va_mapping(&window, 0, UVMF_INVLPG), 0);
        expect(update_va_mapping(&window, entry(mfn, kernel_page), UVMF_INVLPG) < 0);
    }},
    {"memory_op.exchange", "refuses a table, and a page that a table maps [212, 214: typed pages change hands]", [] {
        Page& level1 = fresh_table();
        expect_equal(pin(1, level1), 0);
        Page& mapped = fresh_page();
        for (xen_pfn_t given : {xen_pfn_t{level1.mfn()}, xen_pfn_t{mapped.mfn()}}) {
            xen_pfn_t gained = pfn_of(&level1);
            xen_memory_exchange exchange{};
            set_xen_guest_handle(exchange.in.extent_start, &given);
            set_xen_guest_handle(exchange.out.extent_start, &gained);
            exchange.in.nr_extents = exchange.out.nr_extents = 1;
            exchange.in.domid = exchange.out.domid = DOMID_SELF;
            expect(call<rows::memory_op, XENMEM_exchange>(exchange) < 0);
            expect_equal(exchange.nr_exchanged, 0);
        }
        expect_equal(unpin(level1), 0);
        expect_equal(make_writable(level1), 0);
    }},
    // --- translations end before a use begins ---
    {"mmuext_op.pin", "a page that was unmapped without a flush is no longer written through the old translation [241]", [] {
        Page& page = fresh_page();
        Page& window = fresh_page();
        expect_equal(update_va_mapping(&window, entry(page.mfn(), kernel_page), UVMF_INVLPG), 0);
        window.words[0] = 0;                                     // the translation is known, and dirty
        expect_equal(make_read_only(page), 0);
        expect_equal(update_va_mapping(&window, 0, UVMF_NONE), 0);
        expect_equal(pin(1, page), 0);
        expect_fault(store_to(window.address()), 14, 2);
        expect_equal(page.words[0], 0);
        expect_equal(unpin(page), 0);
    }},
    {"mmu_update", "nor a page that was made read-only without a flush and linked as a table", [] {
        Page& page = fresh_page();
        Page& window = fresh_page();
        expect_equal(update_va_mapping(&window, entry(page.mfn(), kernel_page), UVMF_INVLPG), 0);
        window.words[0] = 0;
        expect_equal(make_read_only(page), 0);
        expect_equal(update_va_mapping(&window, 0, UVMF_NONE), 0);
        expect_equal(set(free_slot(2), entry(page.mfn(), table_entry)), 0);
        expect_fault(store_to(window.address()), 14, 2);
        expect_equal(set(free_slot(2), 0), 0);
    }},
    {"mmu_update", "a table that was unlinked without a flush is not walked once it is a page again", [] {
        Page& target = fresh_page();
        Page& level1 = table_of(entry(target.mfn(), kernel_page));
        const Slot slot = free_slot(2);
        const std::uint64_t address = (image_base & ~((1ull << 30) - 1)) | 200ull << 21;
        expect_equal(set(slot, entry(level1.mfn(), table_entry)), 0);
        expect(!store_to(address));
        expect_equal(set(slot, 0), 0);
        expect_equal(make_writable(level1), 0);
        level1.words[0] = entry(root_mfn(), kernel_page);        // what no table may say
        expect_fault(store_to(address), 14, 2);
    }},
    // --- lists of calls ---
    {"multicall", "each call of a list acts on the root that the one before it has chosen [213]", [] {
        const Page& level1 = fresh_table();
        const Page& level2 = table_of(entry(level1.mfn(), table_entry));
        const Page& level3 = table_of(entry(level2.mfn(), table_entry));
        Page& other = fresh_page();
        const Page& now = page_of(root_mfn());
        for (unsigned i = 0; i < 512; ++i)
            if (i < 256 || i > 271) other.words[i] = now.words[i];
        other.words[1] = entry(level3.mfn(), table_entry);
        make_read_only(other);
        Page& target = fresh_page();
        const std::uint64_t address = (1ull << 39) + 5 * page_size;        // nobody's under our root
        expect_equal(update_va_mapping(address, entry(target.mfn(), kernel_page)), -XEN_EINVAL);
        mmuext_op_t there{}, back{};
        there.cmd = back.cmd = MMUEXT_NEW_BASEPTR;
        there.arg1.mfn = other.mfn();
        back.arg1.mfn = root_mfn();
        std::array<multicall_entry_t, 4> list{};
        const auto call = [&](unsigned at, unsigned number, std::array<std::uint64_t, 4> arguments) {
            list[at].op = number;
            for (unsigned i = 0; i < 4; ++i) list[at].args[i] = arguments[i];
        };
        call(0, __HYPERVISOR_mmuext_op, {reinterpret_cast<std::uint64_t>(&there), 1, 0, DOMID_SELF});
        call(1, __HYPERVISOR_update_va_mapping, {address, entry(target.mfn(), kernel_page), 0, 0});
        call(2, __HYPERVISOR_mmuext_op, {reinterpret_cast<std::uint64_t>(&back), 1, 0, DOMID_SELF});
        call(3, __HYPERVISOR_update_va_mapping, {address, 0, 0, 0});
        expect_equal(multicall(list), 0);
        for (unsigned at = 0; at < 3; ++at) expect_equal(static_cast<Status>(list[at].result), 0);
        expect_equal(static_cast<Status>(list[3].result), -XEN_EINVAL);
        expect_equal(mfn_in(level1.words[5]), target.mfn());
    }},
    // --- two vcpus ---
    {"mmu_update", "two vcpus may promote one table at once, and let it go: neither is refused", [] {
        raced = &table_of(entry(fresh_page().mfn(), kernel_page));
        // Under QEMU stock Xen needs a tenth of a second for each round here, and for no other case's.
        beside(link_on_second, [] { link_and_unlink(210); }, on_stock_xen() ? 20 : times);
        expect_equal(make_writable(*raced), 0);
    }},
    {"mmuext_op.pin", "one vcpu pins and unpins what the other maps writable: never both at once [401]", [] {
        raced = &fresh_table();
        seen_by_second = &fresh_page();
        expect_equal(update_va_mapping(seen_by_second, 0, UVMF_INVLPG), 0);
        beside(map_on_second, [] {
            Status status = -XEN_EINVAL;                         // as long as the other maps it
            while (status == -XEN_EINVAL) status = pin(1, *raced);
            must(status == 0);
            is_table = true;
            if (is_writable) ++both;
            is_table = false;
            must(unpin(*raced) == 0);
        });
        expect_equal(make_writable(*raced), 0);
        expect_equal(make_read_only(*raced), 0);
        expect_equal(pin(1, *raced), 0);
        expect_equal(unpin(*raced), 0);
    }},
    {"update_va_mapping", "two vcpus that write one entry drop exactly what they replace", [] {
        raced = fresh_pages(3).data();
        seen_by_second = raced + 1;
        beside(write_on_second, [] {
            for (const Page* page : {raced, seen_by_second})
                must(update_va_mapping(&raced[2], entry(page->mfn(), kernel_page), UVMF_INVLPG) == 0);
        });
        expect_equal(update_va_mapping(&raced[2], 0, UVMF_INVLPG | UVMF_ALL), 0);
        for (Page* page : {raced, seen_by_second}) {
            expect_equal(make_read_only(*page), 0);
            expect_equal(pin(1, *page), 0);
            expect_equal(unpin(*page), 0);
        }
    }},
    {"mmuext_op.new_baseptr", "one vcpu runs on a root that the other pins and unpins", [] {
        raced = &root_like_this_one();
        make_read_only(*raced);
        beside(change_roots_on_second, [] {
            must(pin(4, *raced) == 0);
            must(unpin(*raced) == 0);
        });
        expect_equal(make_writable(*raced), 0);
    }},
    {"mmuext_op.pin", "a page that another vcpu was writing is written no more once it is a table [241]", [] {
        Page& page = fresh_page();
        Page& next = fresh_page();
        seen_by_second = &fresh_page();
        expect_equal(update_va_mapping(seen_by_second, entry(page.mfn(), kernel_page), UVMF_INVLPG | UVMF_ALL), 0);
        unsigned at = 0;
        const auto progress = [] {
            for (const unsigned before = rounds; rounds < before + 100;) call<rows::sched_op, SCHEDOP_yield>();
        };
        beside(count_on_second, [&] {
            if (at++ != 0) return;
            progress();
            must(page.words[0] != 0);
            make_read_only(page);
            must(update_va_mapping(seen_by_second, entry(next.mfn(), kernel_page), UVMF_NONE) == 0);
            must(pin(1, page) == 0);
            const std::uint64_t last = *static_cast<const volatile std::uint64_t*>(page.words.data());
            progress();
            must(*static_cast<const volatile std::uint64_t*>(page.words.data()) == last);
            must(next.words[0] != 0);
        });
        expect_equal(unpin(page), 0);
    }},
    {"memory_op.exchange", "one vcpu exchanges a frame that the other gives back: one of them, or neither, has it", [] {
        start_second();
        raced = &fresh_page();
        enough = false;
        rounds = refused = 0;
        turn = 0;
        begin_on_second(exchange_on_second);
        for (unsigned i = 0; i < times / 4; ++i) {
            if (ask(XENMEM_increase_reservation, contested) != 1) ++refused;
            xen_pfn_t mine = contested;
            ++turn;
            const bool released = ask(XENMEM_decrease_reservation, mine) == 1;
            while (turn % 2 != 0) call<rows::sched_op, SCHEDOP_yield>();
            if (released && exchanged) ++refused;
            if (!released && ask(XENMEM_decrease_reservation, contested) != 1) ++refused;
        }
        enough = true;
        finish_on_second();
        expect_equal(refused.load(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
