// RUN: %boot-guest --options dom0_max_vcpus=3 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// One CPU, and calls that take long: another vcpu gets to run while only a part of the work is done, and what one domain
// lets go is taken apart at its own cost.
#include "kit/case.hpp"
#include "kit/large_root.hpp"
#include "kit/paging.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/twin.hpp"

#include <array>
#include <atomic>
#include <optional>

namespace kit {
namespace {

LargeRoot large;

void mov_cr3(std::uint64_t mfn) { asm volatile("mov %0, %%cr3" : : "r"(mfn * page_size) : "memory"); }

// How much of the work is done, as the second vcpu sees it, and what does it.
struct Long {
    std::uint64_t (*part)();
    std::uint64_t whole;
    void (*prepare)();
    void (*make)();
    void (*clean_up)() = [] {};      // once nobody looks on
};
const Long* made;
std::atomic<std::uint64_t> part_seen;
std::atomic<bool> over;

// On the second vcpu, which has no CPU of its own. It may lose that in the middle of counting: so it counts twice.
void look_on() {
    while (!over)
        if (const auto part = made->part(); part > 0 && part < made->whole && part == made->part()) part_seen = part;
}

// A fast machine may be through before anybody's turn comes: then it is made again.
void expect_turn_of_others(const Long& work, Location where = Location::current()) {
    made = &work;
    part_seen = 0;
    for (unsigned tried = 0; tried < 20; ++tried) {
        work.prepare();
        over = false;
        begin_on_second(look_on);
        work.make();
        over = true;
        finish_on_second();
        work.clean_up();
        if (part_seen > 0) return;
    }
    fail(Line{} << "nobody else ran until all was done", where);
}

constexpr Long checked_by(void (*make)()) {
    return {[] { return large.checked(); }, LargeRoot::samples, [] { large.build(); }, make};
}
constexpr Long undone_by(void (*make)()) {
    return {[] { return large.gone(); }, LargeRoot::samples,
            [] {
                large.build();
                expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, large.mfn()), 0);
                large.give_frames_back();
            },
            make};
}

Status answer;

// Another domain, with a root of 300 tables that nobody has checked; some of them can be looked at.
class Unchecked : public OtherDomain {
public:
    Unchecked() {
        for (std::size_t pfn = 0; pfn < frames_.size(); ++pfn) frames_[pfn] = pfn;
        create(frames_);
        Page& draft = drafts()[0];
        for (std::size_t table = 0; table < tables; ++table) {
            draft.words.fill(entry(frames_[named], read_only_page));
            draft.words[1] = entry(frames_[named], present | accessed);
            write(frames_[table], draft);
        }
        draft.words.fill(0);
        for (std::size_t table = 0; table < tables; ++table) draft.words[table] = entry(frames_[table], table_entry);
        write(frames_[level2], draft);
        write_word(frames_[level3], 0, entry(frames_[level2], table_entry));
        write_word(frames_[level4], 0, entry(frames_[level3], table_entry));
        for (std::size_t window = 0; window < windows().size(); ++window)
            expect_zero(map_foreign(windows()[window], id, frames_[window * tables / windows().size()], read_only_page));
    }
    void end() {
        for (const Page& window : windows()) map_foreign(window, DOMID_SELF, window.mfn(), kernel_page);
        destroy();
    }
    std::int64_t load() {
        auto& context = second_vcpu_context();
        context.ctrlreg[3] = xen_pfn_to_cr3(frames_[level4]);
        set_context(context);
        return trouble;
    }
    static std::uint64_t checked() {
        std::uint64_t count = 0;
        for (const Page& window : windows()) count += (*const_cast<const volatile std::uint64_t*>(&window.words[1]) & user) != 0;
        return count;
    }
    static constexpr std::size_t samples = 30;

private:
    enum : std::size_t { tables = 300, named = tables, level2, level3, level4, count };
    static std::span<Page> windows() {
        static const auto all = fresh_pages(samples);
        return all;
    }
    static std::span<Page> drafts() {
        static const auto all = fresh_pages(1);
        return all;
    }
    void write(std::uint64_t mfn, const Page& page) { write_page(mfn, std::as_bytes(std::span{page.words})); }

    std::array<xen_pfn_t, count> frames_{};
};
std::optional<Unchecked> unchecked;

// In a twin: again and again it lets go of a root that takes long to take apart.
volatile std::uint64_t first_table, last_table;
[[noreturn]] void let_roots_go() {
    for (;;) {
        large.build();
        mmuext_op(MMUEXT_NEW_BASEPTR, large.mfn());
        large.give_frames_back();
        first_table = large.first_table();
        last_table = large.last_table();
        mmuext_op(MMUEXT_NEW_BASEPTR, root_mfn());
        large.take_new_frames();
    }
}

std::uint64_t pages_of(const Twin& twin) { return twin.info().tot_pages; }

// Until it has lost some of the frames that go with its tables, and not all; then it is paused.
bool pause_half_way(const Twin& twin, std::uint64_t all) {
    for (unsigned tried = 0; tried < 100; ++tried) {
        while (pages_of(twin) != all) call<rows::sched_op, SCHEDOP_yield>();
        while (pages_of(twin) == all) call<rows::sched_op, SCHEDOP_yield>();
        domctl(XEN_DOMCTL_pausedomain, twin.id);
        if (const auto left = pages_of(twin); left > all - LargeRoot::samples && left < all) return true;
        domctl(XEN_DOMCTL_unpausedomain, twin.id);
    }
    return false;
}

// A context of its own pages, which go when part of `large` has been checked. The second vcpu does it: its turn comes
// between two steps.
std::span<Page> context_pages() {
    static const auto pages = fresh_pages((sizeof(vcpu_guest_context_t) + page_size - 1) / page_size);
    return pages;
}
vcpu_guest_context_t& context_that_goes() {
    auto& context = *reinterpret_cast<vcpu_guest_context_t*>(context_pages().data());
    __builtin_memcpy(&context, &second_vcpu_context(), sizeof context);
    return context;
}
void map_context(std::uint64_t flags) {
    for (Page& page : context_pages()) update_va_mapping(&page, entry(page.mfn(), flags), UVMF_INVLPG | UVMF_ALL);
}
void unmap_context_half_way() {
    while (!over && large.checked() == 0) {}
    map_context(0);
}

constexpr auto table = std::to_array<Case>({
    {"vcpu_op.up", "a second vcpu looks on", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
    }},
    {"mmuext_op.new_baseptr", "others run while a root is checked", [] {
        expect_turn_of_others(checked_by([] {
            answer = mmuext_op(MMUEXT_NEW_BASEPTR, large.mfn());
            mmuext_op(MMUEXT_NEW_BASEPTR, root_mfn());
        }));
        expect_equal(answer, 0);
    }},
    {"mmuext_op.pin_l4_table", "others run while a root is checked", [] {
        expect_turn_of_others(checked_by([] {
            answer = mmuext_op(MMUEXT_PIN_L4_TABLE, large.mfn());
            mmuext_op(MMUEXT_UNPIN_TABLE, large.mfn());
        }));
        expect_equal(answer, 0);
    }},
    {in_words("mov to cr3"), "others run while a root is checked", [] {
        expect_turn_of_others(checked_by([] {
            mov_cr3(large.mfn());
            mov_cr3(root_mfn());
        }));
    }},
    {"mmuext_op.new_baseptr", "others run while the root before is taken apart", [] {
        expect_turn_of_others(undone_by([] {
            answer = mmuext_op(MMUEXT_NEW_BASEPTR, root_mfn());
            expect_equal(large.gone(), LargeRoot::samples);
            large.take_new_frames();
        }));
        expect_equal(answer, 0);
    }},
    {in_words("mov to cr3"), "others run while the root before is taken apart", [] {
        expect_turn_of_others(undone_by([] {
            mov_cr3(root_mfn());
            expect_equal(large.gone(), LargeRoot::samples);
            large.take_new_frames();
        }));
    }},
    {"update_descriptor", "has the frames of tables that the list it stands in has let go", [] {
        mmuext_op_t unpin{};
        unpin.cmd = MMUEXT_UNPIN_TABLE;
        unpin.arg1.mfn = large.mfn();
        // They wait to be taken apart only where nobody else's turn comes in between: so it is done some times.
        for (unsigned round = 0; round < 8; ++round) {
            large.build();
            expect_equal(mmuext_op(MMUEXT_PIN_L4_TABLE, large.mfn()), 0);
            std::array<multicall_entry_t, 3> list{};
            list[0] = {__HYPERVISOR_mmuext_op, 0, {reinterpret_cast<std::uint64_t>(&unpin), 1, 0, DOMID_SELF}};
            list[1] = {__HYPERVISOR_update_descriptor, 0, {large.first_table() * page_size, 0}};
            list[2] = {__HYPERVISOR_update_descriptor, 0, {large.last_table() * page_size, 0}};
            expect_equal(multicall(list), 0);
            for (const auto& call : list) expect_equal(static_cast<std::int64_t>(call.result), 0);
        }
    }},
    {"vcpu_op.initialise", "whose context goes between two steps is refused, and holds neither of its roots", [] {
        if (on_stock_xen()) return skip("Basalt's own promise, as for every refused request; there they stay held");
        large.build();
        Page& root = fresh_page();
        copy_root(root);
        auto& context = context_that_goes();
        context.ctrlreg[3] = xen_pfn_to_cr3(root.mfn());
        context.ctrlreg[1] = xen_pfn_to_cr3(large.mfn());
        over = false;
        begin_on_second(unmap_context_half_way);
        answer = call<rows::vcpu_op, VCPUOP_initialise>(2, context);
        over = true;
        finish_on_second();
        map_context(kernel_page);
        expect_equal(answer, -XEN_EFAULT);
        expect_equal(make_writable(root), 0);
        // What was checked of the large one rests so until somebody wants it.
        expect_equal(mmuext_op(MMUEXT_PIN_L4_TABLE, large.mfn()), 0);
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, large.mfn()), 0);
    }},
    {"vcpu_op.initialise", "others run while the new vcpu's root is checked", [] {
        expect_turn_of_others(checked_by([] {
            auto& context = second_vcpu_context();
            context.ctrlreg[3] = xen_pfn_to_cr3(large.mfn());
            answer = call<rows::vcpu_op, VCPUOP_initialise>(2, context);
        }));
        expect_equal(answer, 0);
    }},
    {"domctl.setvcpucontext", "others run while the root is checked", [] {
        expect_turn_of_others({[] { return Unchecked::checked(); }, Unchecked::samples, [] { unchecked.emplace(); },
            [] { answer = unchecked->load(); }, [] { unchecked->end(); }});
        expect_equal(answer, 0);
    }},
    {"mmu_update", "takes no other domain's tables apart", [] {
        const Twin twin(let_roots_go);
        const auto all = pages_of(twin);
        expect_equal(twin.start(), 0);
        expect(pause_half_way(twin, all));
        const auto left = pages_of(twin);
        for (unsigned times = 0; times < 1000; ++times) bare_hypercall(__HYPERVISOR_mmu_update, 0, 0, 0, DOMID_SELF);
        expect_equal(pages_of(twin), left);
        expect_equal(twin.destroy(), 0);
    }},
    {"mmu_update", "whoever needs a table that a paused domain has not yet taken apart has it", [] {
        if (on_stock_xen()) return skip("Basalt's own promise; there it is busy for as long as the domain is paused");
        const Twin twin(let_roots_go);
        const auto all = pages_of(twin);
        expect_equal(twin.start(), 0);
        expect(pause_half_way(twin, all));
        Page& window = fresh_page();
        for (const auto table : {twin.read(first_table), twin.read(last_table)})
            expect_equal(map_foreign(window, twin.id, table, kernel_page), 0);
        map_foreign(window, DOMID_SELF, window.mfn(), kernel_page);
        expect_equal(twin.destroy(), 0);
    }},
    {"domctl.destroydomain", "brings back all of a domain that was taking its tables apart", [] {
        const auto before = free_pages();
        const Twin twin(let_roots_go);
        const auto all = pages_of(twin);
        expect_equal(twin.start(), 0);
        expect(pause_half_way(twin, all));
        expect_equal(twin.destroy(), 0);
        expect_equal(free_pages(), before);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
