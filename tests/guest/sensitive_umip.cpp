// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// SGDT, SIDT, SLDT, STR and SMSW where the processor has UMIP. That it stops the user is Basalt's promise: stock Xen 4.17
// leaves UMIP off for PV guests, and they run there as on a processor without it (sensitive_no_umip.cpp).
#include "kit/case.hpp"
#include "kit/modes.hpp"
#include "kit/paging.hpp"
#include "kit/stores.hpp"

namespace kit {
namespace {

constexpr std::string_view shown = "stock Xen leaves UMIP off, and shows what is there";

std::uint64_t read_cr0() {
    std::uint64_t value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

// hypervisor/guests/pv/SENSITIVE.md: what a processor without UMIP shows in either mode (sensitive_no_umip.cpp).
constexpr std::uint64_t gdt_of_vcpu_0 = 0xffff'8100'0000'0000, gates = 0xffff'8180'4000'8000;
constexpr std::uint16_t gdt_limit = 0xefff, gates_limit = 0xfff, task_selector = 0xe040, ldt_selector = 0xe050;

Stored stored_by_kernel(void (*code)(Stored&), Location where = Location::current()) {
    Stored stored = nothing_stored;
    if (const auto ended = call_in(Mode::kernel, code, stored)) fail(Line{} << "exception " << ended->vector, where);
    return stored;
}

void shows(const Stored& stored, std::uint64_t word, Location where = Location::current()) {
    expect_equal(stored.word, word, where);
    expect_equal(stored.word_in_memory, (untouched & ~0xffffull) | (word & 0xffff), where);
}

constexpr auto table = std::to_array<Case>({
    {in_words("sgdt, sidt, sldt, str, smsw"), "are #GP for the user, and store nothing", [] {
        if (on_stock_xen()) return skip(shown);
        if (!expect(processor_has_umip())) return;
        for (const Store& store : stores) {
            Stored stored = nothing_stored;
            const auto ended = call_in(Mode::user, store.code, stored);
            if (!ended || ended->vector != 13 || ended->error != 0 || stored != nothing_stored)
                fail(Line{} << store.name << " is not stopped");
        }
    }},
    {in_words("sgdt, sidt"), "show the kernel what they show where there is no UMIP, and say nothing of the hypervisor", [] {
        if (on_stock_xen()) return skip(shown);
        const Stored gdt = stored_by_kernel(store::gdt), idt = stored_by_kernel(store::idt);
        expect_equal(gdt.pointer.limit, gdt_limit);
        expect_equal(gdt.pointer.base, gdt_of_vcpu_0);
        expect_equal(idt.pointer.limit, gates_limit);
        expect_equal(idt.pointer.base, gates);
    }},
    {in_words("str"), "shows the kernel the ABI's own selector", [] { shows(stored_by_kernel(store::task), task_selector); }},
    {in_words("sldt"), "shows the kernel whether the vcpu has an LDT, and no more", [] {
        shows(stored_by_kernel(store::ldt), 0);
        Page& page = fresh_table();
        expect_equal(set_ldt(page.address(), 3), 0);
        shows(stored_by_kernel(store::ldt), ldt_selector);
        expect_equal(set_ldt(0, 0), 0);
    }},
    {in_words("sgdt"), "of the kernel to where it may not write is its page fault", [] {
        static Page& page = fresh_page();
        make_read_only(page);
        auto fault = fault_of([] { asm volatile("sgdt %0" : "=m"(page.words[1])); });
        if (expect_fault(fault, 14, 3)) expect_equal(fault->address, page.address() + 8);
        make_writable(page);
        fault = fault_of([] { asm volatile("sgdt %0" : "=m"(*reinterpret_cast<std::uint64_t*>(nowhere))); });
        if (expect_fault(fault, 14, 2)) expect_equal(fault->address, nowhere);
    }},
    {in_words("smsw"), "of the kernel shows its CR0: the whole of it in a register, 16 bits in memory", [] {
        if (on_stock_xen()) return skip("stock Xen shows the processor's TS, not the guest's");
        for (const int task_switched : {1, 0}) {
            expect_equal(fpu_taskswitch(task_switched), 0);
            Stored stored = nothing_stored;
            expect(!call_in(Mode::kernel, store::status, stored));
            expect_equal(stored.word, read_cr0());
            expect_equal(stored.word_in_memory, (untouched & ~0xffffull) | (read_cr0() & 0xffff));
        }
    }},
    {in_words("smsw"), "of the kernel keeps to the width of its operand", [] {
        std::uint64_t narrow = untouched, middle = untouched;
        asm volatile("smsw %w0; smsw %k1" : "+r"(narrow), "+r"(middle));
        expect_equal(narrow & ~0xffffull, untouched & ~0xffffull);
        expect_equal(narrow & 0x37, read_cr0() & 0x37);      // PE MP EM ET NE
        expect_equal(middle | 8, (read_cr0() & 0xffffffff) | 8);
    }},
    {in_words("smsw"), "of the kernel to where it may not write is its page fault", [] {
        static Page& page = fresh_page();
        make_read_only(page);
        auto fault = fault_of([] { asm volatile("smsw %0" : "=m"(page.words[1])); });
        if (expect_fault(fault, 14, 3)) expect_equal(fault->address, page.address() + 8);
        fault = fault_of([] { asm volatile("smsw %0" : "=m"(*reinterpret_cast<std::uint16_t*>(nowhere))); });
        if (expect_fault(fault, 14, 2)) expect_equal(fault->address, nowhere);
        expect_equal(page.words[1], 0);
        make_writable(page);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
