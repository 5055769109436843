// RUN: %boot-guest --cpus 2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Twins of this guest make random hypercalls, batches and nested multicalls on two vcpus, until they die of it or have made
// their share, or are ended in the middle of it; tools have their hands on them meanwhile. Nobody else shall notice, and
// everything comes back. The seed is new each time; words: seed=, calls= (of the first vcpus).
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/random.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/tool_acts.hpp"
#include "kit/twin.hpp"

#include <algorithm>

namespace kit {
namespace {

constexpr std::uint64_t calls_in_a_life = 5000;

// What a twin and its maker tell each other.
struct Progress {
    volatile std::uint64_t seed, done, done_by_second, number, first, second;   // the last call: for whoever looks into a hang
};
Progress progress;

std::array<Page, 8>& arena() {
    static std::array<Page, 8>& pages = *reinterpret_cast<std::array<Page, 8>*>(fresh_pages(8).data());
    return pages;
}

std::uint64_t some_domain(Random& random) {
    constexpr auto special = std::to_array<std::uint64_t>({DOMID_SELF, DOMID_IO, DOMID_XEN, DOMID_COW, DOMID_INVALID, 0, 1, 2, 3});
    return random.of(special);
}

std::uint64_t some_address(Random& random) {
    const Page& page = arena()[random.below(arena().size())];
    switch (random.below(12)) {
    case 0: return random.one_in(2) ? 0 : 0x1000;
    case 1: return 0x8000000000000000 + random.below(1 << 16);
    case 2: return 0xffff800000000000 + (random.word() & 0x7ffffffffff8);        // the hypervisor's
    case 3: return page.address() + page_size - random.below(64);                // into the next page
    case 4: return random.one_in(16) ? start->pt_base + random.below(page_size) : page.address();   // read-only
    case 5: return 0xffffffffffffff00 + random.below(256);
    default: return page.address() + random.below(page_size) / 8 * 8;
    }
}

std::uint64_t some_frame(Random& random) {
    if (random.one_in(3)) return random.below(1 << 17);
    if (random.one_in(3)) return mfn_in(slot_of(arena().data(), 1 + static_cast<unsigned>(random.below(4))).value());
    return arena()[random.below(arena().size())].mfn();
}

std::uint64_t some_flags(Random& random) { return random.one_in(2) ? kernel_page : random.below(512); }

std::uint64_t some_word(Random& random) {
    switch (random.below(9)) {
    case 0: return random.word();
    case 1: return (1ull << random.below(64)) - random.below(3);
    case 2:
    case 3: return some_address(random);
    case 4: return some_frame(random);
    case 5: return some_frame(random) * page_size + random.below(512) * 8 + random.below(4);   // what mmu_update writes to
    case 6: return entry(some_frame(random), some_flags(random));
    case 7: return some_domain(random) | random.below(4) << 16;
    default: return random.below(24);
    }
}

constexpr auto families = std::to_array<unsigned>({
    __HYPERVISOR_mmu_update, __HYPERVISOR_mmu_update, __HYPERVISOR_update_va_mapping, __HYPERVISOR_mmuext_op,
    __HYPERVISOR_mmuext_op, __HYPERVISOR_memory_op, __HYPERVISOR_memory_op, __HYPERVISOR_multicall,
    __HYPERVISOR_grant_table_op, __HYPERVISOR_grant_table_op, __HYPERVISOR_event_channel_op,
    __HYPERVISOR_event_channel_op, __HYPERVISOR_vcpu_op, __HYPERVISOR_physdev_op, __HYPERVISOR_sched_op,
    __HYPERVISOR_xen_version, __HYPERVISOR_update_descriptor, __HYPERVISOR_set_gdt, __HYPERVISOR_set_segment_base,
    __HYPERVISOR_console_io, __HYPERVISOR_domctl, __HYPERVISOR_sysctl, __HYPERVISOR_platform_op,
    __HYPERVISOR_set_debugreg, __HYPERVISOR_update_va_mapping_otherdomain, __HYPERVISOR_vm_assist});

// Most of these end the life at once; then little else would be tried.
bool ends_life(const multicall_entry_t& call) {
    switch (call.op) {
    case __HYPERVISOR_iret:
    case __HYPERVISOR_set_trap_table:
    case __HYPERVISOR_set_callbacks:
    case __HYPERVISOR_callback_op:
    case __HYPERVISOR_stack_switch: return true;
    case __HYPERVISOR_sched_op: return static_cast<std::uint32_t>(call.args[0]) != SCHEDOP_yield;
    case __HYPERVISOR_vcpu_op: return static_cast<std::uint32_t>(call.args[0]) == VCPUOP_down;
    default: return false;
    }
}

multicall_entry_t some_call(Random& random) {
    multicall_entry_t call{};
    do {
        call.op = random.one_in(10) ? random.below(64) : random.of(families);
        for (auto& argument : call.args) argument = some_word(random);
        if (random.one_in(4)) call.args[0] = some_address(random);
        const bool has_commands = call.op != __HYPERVISOR_mmu_update && call.op != __HYPERVISOR_mmuext_op &&
                                  call.op != __HYPERVISOR_multicall && call.op != __HYPERVISOR_update_va_mapping;
        if (has_commands && !random.one_in(8)) {
            call.args[0] = random.below(36);
            if (!random.one_in(4)) call.args[1] = some_address(random);
            if (call.op == __HYPERVISOR_grant_table_op) call.args[2] = random.below(5);
        } else if (!has_commands && !random.one_in(8)) {
            call.args[0] = some_address(random);
            if (call.op != __HYPERVISOR_update_va_mapping) call.args[1] = random.below(9);
            if (call.op != __HYPERVISOR_update_va_mapping && random.one_in(2)) call.args[3] = DOMID_SELF;
        }
    } while (ends_life(call) && !random.one_in(512));
    return call;
}

// A list of calls somewhere in the arena, or a structure of random words.
void fill_some(Random& random) {
    Page& page = arena()[random.below(arena().size())];
    if (random.one_in(8)) {
        for (std::size_t place = 0; place < 4; ++place) {
            const multicall_entry_t call = some_call(random);
            __builtin_memcpy(&page.words[place * sizeof call / 8], &call, sizeof call);
        }
        return;
    }
    const std::size_t first = random.below(page.words.size());
    for (std::size_t place = first; place < first + 8 && place < page.words.size(); ++place)
        page.words[place] = random.one_in(3) ? (some_word(random) & 0xffffffff) | some_word(random) << 32 : some_word(random);
}

void one_call(Random& random) {
    static_cast<void>(fault_of([&] { fill_some(random); }));   // what was mapped may be so no longer
    const multicall_entry_t call = some_call(random);
    progress.number = call.op;
    progress.first = call.args[0];
    progress.second = call.args[1];
    bare_hypercall(static_cast<unsigned>(call.op), call.args[0], call.args[1], call.args[2], call.args[3], call.args[4]);
    progress.done = progress.done + 1;
}

// The second vcpu faults at most once, and the domain with it: it does without what the first needs to go on.
alignas(16) std::array<std::byte, 16384> second_vcpu_stack;
[[noreturn]] void live_too() {
    Random random(progress.seed + 1);
    for (;;) {
        const multicall_entry_t call = some_call(random);
        if (call.op == __HYPERVISOR_vcpu_op || call.op == __HYPERVISOR_sched_op) continue;
        bare_hypercall(static_cast<unsigned>(call.op), call.args[0], call.args[1], call.args[2], call.args[3], call.args[4]);
        progress.done_by_second = progress.done_by_second + 1;
    }
}
void begin_second() {
    auto& context = second_vcpu_context();
    context.user_regs.rip = reinterpret_cast<std::uint64_t>(&live_too);
    context.kernel_sp = reinterpret_cast<std::uint64_t>(second_vcpu_stack.data() + second_vcpu_stack.size());
    context.user_regs.rsp = context.kernel_sp - 8;            // the twin's first vcpu is on the kit's second stack
    call<rows::vcpu_op, VCPUOP_initialise>(1, context);
    call<rows::vcpu_op, VCPUOP_up>(1);
}

void live() {
    start_memory(start);
    start_traps();
    Random random(progress.seed);
    for (Page& page : arena())
        for (std::uint64_t& word : page.words) word = some_word(random);
    begin_second();
    for (std::uint64_t tried = 0; tried < calls_in_a_life; ++tried) {
        set_trap_table(kit_trap_table());                      // a random one may be in its place
        static_cast<void>(fault_of([&] { one_call(random); }));
    }
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

// A twin that makes no call for so long, asleep or awake, has had its life. One of two is ended in the middle of it.
void wait_for_end(const Twin& twin, ToolActs& tools, Random& random) {
    constexpr unsigned patience = 200;                    // looks, when it sleeps
    constexpr std::uint64_t at_most = 500'000'000;      // nanoseconds of its own, when it does not
    const std::uint64_t enough = random.below(2 * calls_in_a_life);
    std::uint64_t calls = 0, last_call = 0;
    for (unsigned asleep = 0; asleep < patience && !twin.has_ended();) {
        for (unsigned i = 0; i < 20; ++i) call<rows::sched_op, SCHEDOP_yield>();
        for (unsigned acts = random.below(4); acts != 0; --acts) tools.gently(random);
        tools.let_run();
        const auto info = twin.info();
        if (const std::uint64_t now = twin.read(progress.done); now != calls) {
            calls = now;
            last_call = info.cpu_time;
            asleep = 0;
        }
        if (calls > enough) return;
        if (info.flags & XEN_DOMINF_blocked) ++asleep;
        if (info.cpu_time - last_call > at_most) return;     // it faults in what recovers it from faults, say
    }
}

struct Calls {
    std::uint64_t first = 0, second = 0;      // of the two vcpus
};

Calls one_life(std::uint64_t seed, ToolActs& tools, unsigned tools_acts_first = 0) {
    const Twin twin(live, 2);
    if (!expect_equal(twin.trouble, 0)) return {};
    twin.write(progress.seed, seed);
    tools.turn_to(twin.id);
    Random random(seed + 2);
    expect_equal(twin.start(), 0);
    for (unsigned act = 0; act < tools_acts_first; ++act) tools.gently(random);
    tools.let_run();
    wait_for_end(twin, tools, random);
    tools.let_go();
    // It may have written there.
    const std::uint64_t second = twin.read(progress.done_by_second);
    const Calls made{std::min(twin.read(progress.done), calls_in_a_life), second < 1'000'000 ? second : 0};
    if (!expect_audit_agrees()) print("in the life of seed ", seed);
    expect_equal(twin.destroy(), 0);
    return made;
}

constexpr auto table = std::to_array<Case>({
    {in_words("all"), "random calls of domains without privileges harm nobody, and nothing of them is left", [] {
        arena();
        static ToolActs tools(fresh_page());
        const std::uint64_t seed = seed_of_run(), wanted = told("calls=", 40'000);
        one_life(seed, tools, 1000);                     // whatever is made once only, is made
        const std::uint64_t before = free_pages();
        Calls made;
        std::uint64_t lives = 0;
        for (; made.first < wanted && lives < wanted; ++lives) {
            const Calls more = one_life(seed * 1'000'003 + lives * 3, tools);
            made = {made.first + more.first, made.second + more.second};
        }
        print(lives, " lives, ", made.first / 1000, " thousand calls, ", made.second / 1000, " thousand of second vcpus, ",
              tools.done / 1000, " thousand of tools");
        expect(made.first >= wanted);
        expect_free_pages(before);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
