// How long a vcpu that wakes waits for its CPU beside another one that makes the longest calls it can: the worst of many
// wakes at odd moments. As a guest of the kit, with dom0_max_vcpus=2 on one CPU.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/grants.hpp"
#include "kit/large_root.hpp"
#include "kit/reservation.hpp"
#include "kit/second_vcpu.hpp"
#include "report.hpp"

#include <atomic>

namespace kit {
namespace {

constexpr std::uint64_t millisecond = 1'000'000;
constexpr std::uint64_t each = 150 * millisecond;    // some hundred wakes

std::atomic<std::uint64_t> longest;
std::atomic<bool> over;

// On the second vcpu. It sleeps for longer than the turn that any scheduler grants whoever has just begun one.
void wake_again_and_again() {
    for (std::uint64_t gap = 0; !over; gap = (gap + 618'034) % millisecond) {
        const std::uint64_t deadline = now() + millisecond + millisecond / 2 + gap;
        sched_poll_t sleep{};
        sleep.timeout = deadline;
        bare_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &sleep);
        if (const auto at = now(); at > deadline && at - deadline > longest) longest = at - deadline;
    }
}

LargeRoot large;
std::span<Page> pages;
std::array<mmu_update_t, 10'000> updates;
std::array<mmuext_op_t, 2000> clears;
std::array<multicall_entry_t, 3000> calls;
std::array<gnttab_copy_t, 2000> copies;
std::array<trap_info_t, 4096> gates;
std::array<xen_pfn_t, 200> frames;

void mov_cr3(std::uint64_t mfn) { asm volatile("mov %0, %%cr3" : : "r"(mfn * page_size) : "memory"); }

void prepare() {
    pages = fresh_pages(2);
    large.build();
    for (std::size_t at = 0; at < updates.size(); ++at)
        updates[at] = {slot_of(&pages[0]).machine(), entry(pages[at % 2].mfn(), kernel_page)};
    for (auto& clear : clears) clear.cmd = MMUEXT_CLEAR_PAGE, clear.arg1.mfn = pages[1].mfn();
    for (auto& call : calls) call.op = __HYPERVISOR_xen_version, call.args[0] = XENVER_version;
    for (auto& copy : copies) {
        copy.source.domid = copy.dest.domid = DOMID_SELF;
        copy.source.u.ref = 20;
        copy.dest.u.gmfn = pages[1].mfn();
        copy.len = page_size;
        copy.flags = GNTCOPY_source_gref;
    }
    give(grants_of(0, fresh_page())[20], 0, pages[0].mfn());
    for (auto& gate : gates) gate = {14, 0, FLAT_KERNEL_CS, image_base};
    gates.back() = {};
}

void populate_and_give_back(std::span<xen_pfn_t> list, unsigned order) {
    for (auto& frame : list) frame = 0x7000'0000;
    reservation(XENMEM_populate_physmap, list, order);
    reservation(XENMEM_decrease_reservation, list, order);
}

struct Kind {
    std::string_view what;
    void (*make)();
};
constexpr auto kinds = std::to_array<Kind>({
    {"a loop of its own", [] {}},
    {"mmu_update, a list", [] { mmu_update(updates); }},
    {"mmuext_op.clear_page, a list", [] { mmuext_op(clears); }},
    {"mmuext_op.new_baseptr, an unchecked root and back",
     [] {
         mmuext_op(MMUEXT_NEW_BASEPTR, large.mfn());
         mmuext_op(MMUEXT_NEW_BASEPTR, root_mfn());
     }},
    {"MOV to CR3, an unchecked root and back",
     [] {
         mov_cr3(large.mfn());
         mov_cr3(root_mfn());
     }},
    {"mmuext_op.pin_l4_table and unpin_table",
     [] {
         mmuext_op(MMUEXT_PIN_L4_TABLE, large.mfn());
         mmuext_op(MMUEXT_UNPIN_TABLE, large.mfn());
     }},
    {"memory_op, frames come and go", [] { populate_and_give_back(frames, 0); }},
    {"memory_op, extents of 2 MiB come and go", [] { populate_and_give_back(std::span{frames}.first(4), 9); }},
    {"grant_table_op.copy, a list", [] { call<rows::grant_table_op, GNTTABOP_copy>(copies[0], copies.size()); }},
    {"multicall", [] { multicall(calls); }},
    {"set_trap_table, of 4096 gates", [] { set_trap_table(gates.data()); }},
    {"event_channel_op.reset, of 2000 ports",
     [] {
         evtchn_alloc_unbound_t request{DOMID_SELF, DOMID_SELF, 0};
         for (unsigned port = 0; port < 2000; ++port) call<rows::event_channel_op, EVTCHNOP_alloc_unbound>(request);
         evtchn_reset_t all{DOMID_SELF};
         call<rows::event_channel_op, EVTCHNOP_reset>(all);
     }},
});

std::uint64_t worst_beside(const Kind& kind) {
    longest = 0;
    over = false;
    begin_on_second(wake_again_and_again);
    for (const auto end = now() + each; now() < end;) kind.make();
    over = true;
    finish_on_second();
    return longest;
}

constexpr auto table = std::to_array<Case>({
    {in_words("turns"), "a vcpu wakes beside long calls",
     [] {
         expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
         expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
         prepare();
         std::uint64_t worst = 0;
         for (const Kind& kind : kinds) {
             const auto wait = worst_beside(kind);
             Line line;
             (line << "waited ").decimal(static_cast<std::int64_t>(wait)) << " beside: " << kind.what;
             print(line.text());
             worst = std::max(worst, wait);
         }
         report("longest_wait", worst, 1);
     }},
});

}
constinit const std::span<const Case> cases = table;
}
