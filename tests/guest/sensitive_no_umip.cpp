// RUN: %boot-guest --cpu max,-la57,-smap,-umip --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// SGDT, SIDT, SLDT, STR and SMSW where the processor has no UMIP and nobody can stop them: what they show is the same on
// every CPU and after every boot, and says nothing of the hypervisor.
#include "kit/case.hpp"
#include "kit/modes.hpp"
#include "kit/other_domain.hpp"
#include "kit/paging.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/stores.hpp"

namespace kit {
namespace {

// hypervisor/guests/pv/SENSITIVE.md
constexpr std::uint64_t gdt_of_vcpu_0 = 0xffff'8100'0000'0000, between_vcpus = 0x20000;
constexpr std::uint64_t gates = 0xffff'8180'4000'8000;
constexpr std::uint16_t gdt_limit = 0xefff, gates_limit = 0xfff, task_selector = 0xe040, ldt_selector = 0xe050;

Stored stored_by(Mode mode, void (*code)(Stored&), Location where = Location::current()) {
    Stored stored = nothing_stored;
    if (const auto ended = call_in(mode, code, stored)) fail(Line{} << "exception " << ended->vector, where);
    return stored;
}

void shows(const Stored& stored, std::uint64_t word, Location where = Location::current()) {
    expect_equal(stored.word, word, where);
    expect_equal(stored.word_in_memory, (untouched & ~0xffffull) | (word & 0xffff), where);
}

// CPUID is not trapped, and tells the processor that runs us.
unsigned running_processor() {
    std::uint32_t a = 1, b, c = 0, d;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b >> 24;
}

// Vcpu 0 goes where the mask allows; APIC ids are 0 and 1 here.
void pin(std::uint8_t cpus) {
    xen_domctl_t request{};
    auto& affinity = request.u.vcpuaffinity;
    affinity.flags = XEN_VCPUAFFINITY_HARD;
    affinity.cpumap_hard.nr_bits = 8;
    set_xen_guest_handle(affinity.cpumap_hard.bitmap, &cpus);
    expect_equal(domctl(XEN_DOMCTL_setvcpuaffinity, 0, request), 0);
}
void move_to(unsigned cpu) {
    pin(static_cast<std::uint8_t>(1u << cpu));
    while (running_processor() != cpu) call<rows::sched_op, SCHEDOP_yield>();
}

std::uint64_t read_cr0() {
    std::uint64_t value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

constexpr auto table = std::to_array<Case>({
    {in_words("str"), "shows the ABI's own selector, in either mode", [] {
        expect(!processor_has_umip());
        for (const Mode mode : both_modes) shows(stored_by(mode, store::task), task_selector);
    }},
    {in_words("sldt"), "shows whether the vcpu has an LDT, and no more, in either mode", [] {
        for (const Mode mode : both_modes) {
            shows(stored_by(mode, store::ldt), 0);
            Page& page = fresh_table();
            expect_equal(set_ldt(page.address(), 3), 0);
            shows(stored_by(mode, store::ldt), ldt_selector);
            expect_equal(set_ldt(0, 0), 0);
            shows(stored_by(mode, store::ldt), 0);
        }
    }},
    {in_words("sgdt, sidt"), "show whole tables: the limits are constants", [] {
        for (const Mode mode : both_modes) {
            expect_equal(stored_by(mode, store::gdt).pointer.limit, gdt_limit);
            expect_equal(stored_by(mode, store::idt).pointer.limit, gates_limit);
        }
    }},
    {in_words("sgdt"), "shows an address that the vcpu's number alone decides, in either mode", [] {
        if (on_stock_xen()) return skip("stock Xen's is fixed too, at another address");
        for (const Mode mode : both_modes)
            expect_equal(stored_by(mode, store::gdt).pointer.base, gdt_of_vcpu_0);
    }},
    {in_words("sidt"), "shows one address, in either mode", [] {
        if (on_stock_xen()) return skip("stock Xen shows where its image and heap have each CPU's table");
        for (const Mode mode : both_modes) expect_equal(stored_by(mode, store::idt).pointer.base, gates);
    }},
    {in_words("sgdt, sidt, sldt, str, smsw"), "show the same on every CPU, in either mode", [] {
        for (const Mode mode : both_modes)
            for (const Store& store : stores) {
                if (on_stock_xen() && store.name == "sidt") continue;   // each CPU's own there
                move_to(0);
                const Stored first = stored_by(mode, store.code);
                move_to(1);
                if (stored_by(mode, store.code) != first) fail(Line{} << store.name << " tells the CPUs apart");
            }
        pin(3);
    }},
    {in_words("sgdt, sidt, sldt, str"), "show the same to another vcpu, but for its share of the domain's area", [] {
        if (on_stock_xen()) return skip("stock Xen tells CPUs apart: see the case of SIDT");
        static Stored gdt, idt, ldt, task;
        gdt = idt = ldt = task = nothing_stored;
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        run_on_second([] { store::gdt(gdt), store::idt(idt), store::ldt(ldt), store::task(task); });
        expect_equal(call<rows::vcpu_op, VCPUOP_down>(1), 0);
        expect_equal(gdt.pointer.base, gdt_of_vcpu_0 + between_vcpus);
        expect_equal(gdt.pointer.limit, gdt_limit);
        expect_equal(idt.pointer.base, gates);
        shows(ldt, 0);
        shows(task, task_selector);
    }},
    {in_words("smsw"), "shows CR0 as the kernel knows it, in either mode", [] {
        for (const Mode mode : both_modes) {
            const Stored stored = stored_by(mode, store::status);
            constexpr std::uint64_t task_switched = 8;   // on stock Xen the processor's own, which comes and goes
            expect_equal(stored.word | task_switched, read_cr0() | task_switched);
            expect_equal((stored.word_in_memory | task_switched) & 0xffff, (read_cr0() | task_switched) & 0xffff);
        }
    }},
    {in_words("smsw"), "shows the guest's own TS", [] {
        if (on_stock_xen()) return skip("stock Xen sets the processor's TS for itself");
        for (const Mode mode : both_modes)
            for (const int task_switched : {1, 0}) {
                expect_equal(fpu_taskswitch(task_switched), 0);
                expect_equal(stored_by(mode, store::status).word >> 3 & 1, task_switched);
            }
    }},
});

}
constinit const std::span<const Case> cases = table;
}
