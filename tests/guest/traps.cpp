// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Exceptions of the kernel itself reach the handlers of its trap table with the frame the processor would have made,
// except that the kernel seems to run at privilege 0: no user bit in page-fault errors, CS of privilege 0.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

constexpr std::uint64_t hypervisor_slots = HYPERVISOR_VIRT_START + (2ull << 39);
constexpr std::uint64_t hypervisor_hole = HYPERVISOR_VIRT_END - page_size;

std::uint64_t read(std::uint64_t address) { return *reinterpret_cast<volatile std::uint64_t*>(address); }
void write(std::uint64_t address) { *reinterpret_cast<volatile std::uint64_t*>(address) = 1; }

Frame hooked;
template <class Work>
Frame frame_of(std::uint64_t vector, Work work) {
    hooked = {};
    set_hook(vector, [](Frame& frame) {
        hooked = frame;
        return true;
    });
    work();
    set_hook(vector, nullptr);
    return hooked;
}

void page_fault(const std::optional<Fault>& fault, std::uint64_t error, std::uint64_t address,
                Location where = Location::current()) {
    if (expect_fault(fault, 14, error, where)) expect_equal(fault->address, address, where);
}

constexpr auto table = std::to_array<Case>({
    {"set_trap_table", "delivers #DE", [] {
        expect_fault(fault_of([] { asm volatile("xor %%ecx, %%ecx; div %%ecx" ::: "rax", "rcx", "rdx"); }), 0);
    }},
    {"set_trap_table", "delivers #BP with RIP behind the int3", [] {
        const Frame frame = frame_of(3, [] { asm volatile("lea 1f(%%rip), %%rax; int3; 1:" ::: "rax"); });
        expect_equal(frame.vector, 3);
        expect_equal(frame.rip, frame.rax);
    }},
    {"set_trap_table", "delivers #UD at the instruction", [] {
        const auto fault = fault_of([] { asm volatile("lea 1f(%%rip), %%rax; 1: ud2" ::: "rax"); });
        if (expect_fault(fault, 6)) expect_equal(fault->rip, fault->frame.rax);
    }},
    {"set_trap_table", "delivers #DB of a single step and clears TF for the handler", [] {
        const Frame frame = frame_of(1, [] {
            asm volatile("pushf; orl $0x100, (%%rsp); popf; nop; pushf; andl $~0x100, (%%rsp); popf" ::: "cc", "memory");
        });
        expect_equal(frame.vector, 1);
    }},
    {"set_trap_table", "delivers #GP with error 0 for a non-canonical address",
     [] { expect_fault(fault_of([] { read(not_canonical); }), 13); }},
    {"set_trap_table", "delivers #GP with the selector for a bad segment load", [] {
        expect_fault(fault_of([] { asm volatile("mov %0, %%ds" ::"r"(0xfff8)); }), 13, 0xfff8);
    }},
    {"set_trap_table", "INT n without a gate is #GP with error n*8+2", [] {
        const auto fault = fault_of([] { asm volatile("int $0x21"); });
        if (fault && fault->error == 0x21 * 16 + 2)
            return skip("emulator's fault: QEMU 7.2 says n*16+2 at privilege 3, and stock Xen hands it on");
        expect_fault(fault, 13, 0x21 * 8 + 2);
    }},
    {"set_trap_table", "a list without an end is refused", [] {
        if (on_stock_xen()) return skip("stock Xen reads on for as long as it takes");
        constexpr std::size_t gates = 4096;
        const auto pages = fresh_pages(gates * sizeof(trap_info_t) / page_size);
        const std::span list(reinterpret_cast<trap_info_t*>(pages.data()), gates);
        for (auto& gate : list) gate = kit_trap_table()[0];
        expect_equal(set_trap_table(list.data()), -XEN_E2BIG);
        list.back().address = 0;
        expect_equal(set_trap_table(list.data()), 0);
        expect_equal(set_trap_table(nullptr), 0);
        expect_equal(set_trap_table(kit_trap_table()), 0);
    }},
    {"set_trap_table", "a kernel's INT n through a gate arrives as that vector", [] {
        const Frame frame = frame_of(0x80, [] { asm volatile("int $0x80"); });
        expect_equal(frame.vector, 0x80);
        expect(!frame.from_user());
    }},
    {"set_trap_table", "#PF of a read from nowhere: error 0, cr2", [] {
        page_fault(fault_of([] { read(nowhere + 5); }), 0, nowhere + 5);
    }},
    {"set_trap_table", "#PF of a write to nowhere: error 2", [] {
        page_fault(fault_of([] { write(nowhere); }), 2, nowhere);
    }},
    {"set_trap_table", "#PF of a write to a read-only page: error 3", [] {
        Page& page = fresh_page();
        make_read_only(page);
        page_fault(fault_of([&] { page.words[3] = 1; }), 3, page.address() + 24);
    }},
    {"set_trap_table", "#PF of a jump into a no-execute page: error 0x11", [] {
        Page& page = fresh_page();
        remap(page, kernel_page | no_execute);
        page_fault(fault_of([&] { reinterpret_cast<void (*)()>(&page)(); }), 0x11, page.address());
    }},
    {"set_trap_table", "#PF in the hypervisor's memory never says that something is present there", [] {
        page_fault(fault_of([] { read(hypervisor_hole); }), 0, hypervisor_hole);
        page_fault(fault_of([] { read(hypervisor_slots); }), 0, hypervisor_slots);
    }},
    {"set_trap_table", "the frame holds every register, flags and stack", [] {
        const Frame frame = frame_of(3, [] {
            asm volatile("mov $1, %%eax; mov $2, %%ebx; mov $3, %%ecx; mov $4, %%edx; mov $5, %%esi; mov $6, %%edi;"
                         "mov $8, %%r8d; mov $9, %%r9d; mov $10, %%r10d; mov $11, %%r11d; mov $12, %%r12d;"
                         "mov $13, %%r13d; mov $14, %%r14d; mov $15, %%r15d; stc; int3"
                         ::: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                             "r15", "cc");
        });
        const std::uint64_t seen[] = {frame.rax, frame.rbx, frame.rcx, frame.rdx, frame.rsi, frame.rdi, frame.r8,
                                      frame.r9, frame.r10, frame.r11, frame.r12, frame.r13, frame.r14, frame.r15};
        const std::uint64_t expected[] = {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15};
        for (unsigned i = 0; i < std::size(seen); ++i) expect_equal(seen[i], expected[i]);
        expect_equal(frame.rflags & 1, 1);
        expect_equal(frame.ss | 3, FLAT_KERNEL_SS);
    }},
    {"set_trap_table", "a kernel's frame has a CS of privilege 0, and says whether events were masked", [] {
        Frame frame = frame_of(3, [] { asm volatile("int3"); });
        expect_equal(frame.cs, FLAT_KERNEL_CS & ~3);
        expect_equal(frame.upcall_mask & 0xff, 1);
        expect_equal(frame.rflags & 0x200, 0);    // IF shows what the event mask says
        allow_events(true);
        frame = frame_of(3, [] { asm volatile("int3"); });
        allow_events(false);
        expect_equal(frame.upcall_mask & 0xff, 0);
        expect_equal(frame.rflags & 0x200, 0x200);
    }},
    {"set_trap_table", "a gate with the flag for it masks events on the way in", [] {
        trap_info_t gates[2] = {kit_trap_table()[3], {}};
        TI_SET_IF(gates, 1);
        expect_equal(set_trap_table(gates), 0);
        allow_events(true);
        static unsigned mask_in_handler;
        set_hook(3, [](Frame&) {
            mask_in_handler = vcpu_info().evtchn_upcall_mask;
            return true;
        });
        asm volatile("int3");
        set_hook(3, nullptr);
        const unsigned mask_after = vcpu_info().evtchn_upcall_mask;
        allow_events(false);
        set_trap_table(kit_trap_table());
        expect_equal(mask_in_handler, 1);
        expect_equal(mask_after, 0);
    }},
    {"set_trap_table", "refuses a table at a bad address", [] {
        expect_equal(set_trap_table(nowhere), -XEN_EFAULT);
        expect_equal(set_trap_table(hypervisor_hole), -XEN_EFAULT);
        expect_equal(set_trap_table(kit_trap_table()), 0);
    }},
    {"set_trap_table", "refuses a handler at a non-canonical address only when it is used", [] {
        trap_info_t gates[2] = {kit_trap_table()[3], {}};
        gates[0].address = not_canonical;
        const Status status = set_trap_table(gates);
        set_trap_table(kit_trap_table());
        expect_equal(status, -XEN_EINVAL);
    }},
    {"set_trap_table", "a null table forgets every handler", [] {
        expect_equal(set_trap_table(nullptr), 0);
        expect_equal(set_trap_table(kit_trap_table()), 0);
        expect_fault(fault_of([] { asm volatile("ud2"); }), 6);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
