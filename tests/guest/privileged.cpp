// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Privileged instructions of the kernel, which the hypervisor emulates, refuses or lets through.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

struct Leaf { std::uint32_t eax, ebx, ecx, edx; };

Leaf cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    Leaf answer;
    asm volatile("cpuid" : "=a"(answer.eax), "=b"(answer.ebx), "=c"(answer.ecx), "=d"(answer.edx) : "a"(leaf), "c"(subleaf));
    return answer;
}
Leaf forced_cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    Leaf answer;
    asm volatile("ud2a; .ascii \"xen\"; cpuid"
                 : "=a"(answer.eax), "=b"(answer.ebx), "=c"(answer.ecx), "=d"(answer.edx) : "a"(leaf), "c"(subleaf));
    return answer;
}

std::uint64_t read_msr(std::uint32_t number) {
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return std::uint64_t{high} << 32 | low;
}
void write_msr(std::uint32_t number, std::uint64_t value) {
    asm volatile("wrmsr" ::"a"(static_cast<std::uint32_t>(value)), "d"(value >> 32), "c"(number));
}
constexpr std::uint32_t efer = 0xc0000080, fs_base = 0xc0000100, gs_base = 0xc0000101, shadow_gs_base = 0xc0000102;

std::uint32_t in32(std::uint16_t port) {
    std::uint32_t value;
    asm volatile("in %%dx, %0" : "=a"(value) : "d"(port));
    return value;
}
std::uint16_t in16(std::uint16_t port) {
    std::uint16_t value;
    asm volatile("in %%dx, %0" : "=a"(value) : "d"(port));
    return value;
}
std::uint8_t in8(std::uint16_t port) {
    std::uint8_t value;
    asm volatile("in %%dx, %0" : "=a"(value) : "d"(port));
    return value;
}
void out32(std::uint16_t port, std::uint32_t value) { asm volatile("out %0, %%dx" ::"a"(value), "d"(port)); }
void out8(std::uint16_t port, std::uint8_t value) { asm volatile("out %0, %%dx" ::"a"(value), "d"(port)); }

void set_io_privilege(unsigned level) {
    physdev_set_iopl_t request{level};
    expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iopl>(request), 0);
}

std::uint64_t read_cr3() {
    std::uint64_t value;
    asm volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}
std::uint64_t read_cr0() {
    std::uint64_t value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}
std::uint64_t read_cr4() {
    std::uint64_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

constexpr auto table = std::to_array<Case>({
    {in_words("cpuid"), "forced emulation shows the hypervisor's leaves", [] {
        const Leaf leaf = forced_cpuid(0x40000000);
        expect(leaf.eax >= 0x40000002);
        expect_equal(leaf.ebx, 0x566e6558);   // "XenV" "MMXe" "nVMM"
        expect_equal(leaf.ecx, 0x65584d4d);
        expect_equal(leaf.edx, 0x4d4d566e);
        expect_equal(forced_cpuid(0x40000001).eax, 4 << 16 | 17);
    }},
    {in_words("cpuid"), "forced emulation and the processor agree on the vendor", [] {
        const Leaf plain = cpuid(0), forced = forced_cpuid(0);
        expect_equal(forced.ebx, plain.ebx);
        expect_equal(forced.ecx, plain.ecx);
        expect_equal(forced.edx, plain.edx);
    }},
    {in_words("cpuid"), "forced emulation shows a PV guest no hypervisor-only features", [] {
        const Leaf basic = forced_cpuid(1);
        expect_equal(basic.ecx >> 5 & 1, 0);           // VMX
        expect_equal(basic.ecx >> 31 & 1, 1);          // there is a hypervisor
        expect_equal(forced_cpuid(0x80000001).ecx >> 2 & 1, 0);   // SVM
        expect_equal(forced_cpuid(0x80000001).edx >> 29 & 1, 1);  // long mode
        expect_equal(forced_cpuid(0x80000001).edx >> 11 & 1, 1);  // SYSCALL
    }},
    {"physdev_op.set_iopl", "without I/O privilege a port access is #GP", [] {
        set_io_privilege(0);
        expect_fault(fault_of([] { in8(0x61); }), 13);
        expect_fault(fault_of([] { out8(0x80, 0); }), 13);
        set_io_privilege(1);
        expect(!fault_of([] { in8(0x61); }));
        expect(!fault_of([] { out8(0x80, 0); }));
    }},
    {"physdev_op.set_iopl", "refuses levels above 3", [] {
        physdev_set_iopl_t request{4};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iopl>(request), -XEN_EINVAL);
    }},
    {in_words("in and out"), "reach the devices of Dom0: PCI configuration space", [] {
        set_io_privilege(1);
        out32(0xcf8, 0x80000000);
        const std::uint32_t identity = in32(0xcfc);
        expect_equal(identity, 0x29c08086);            // q35's host bridge
        expect_equal(in16(0xcfc), identity & 0xffff);
        expect_equal(in16(0xcfe), identity >> 16);
        expect_equal(in8(0xcfd), identity >> 8 & 0xff);
    }},
    {in_words("in and out"), "narrow reads leave the rest of the register alone", [] {
        std::uint64_t value = 0x1122334455667788;
        asm volatile("mov $0xcfc, %%edx; in %%dx, %%al" : "+a"(value)::"rdx");
        expect_equal(value >> 8, 0x11223344556677);
        value = 0x1122334455667788;
        asm volatile("mov $0xcfc, %%edx; in %%dx, %%eax" : "+a"(value)::"rdx");
        expect_equal(value >> 32, 0);
    }},
    {in_words("in and out"), "string and repeated forms work", [] {
        set_io_privilege(1);
        Page& page = fresh_page();
        out32(0xcf8, 0x80000000);
        void* place = &page.words[0];
        std::uint64_t count = 3;
        asm volatile("cld; rep insl" : "+D"(place), "+c"(count) : "d"(0xcfc) : "memory");
        expect_equal(count, 0);
        expect_equal(page.words[0], 0x29c0808629c08086);
        expect_equal(page.words[1], 0x29c08086);
        place = &page.words[1];
        asm volatile("outsl" : "+S"(place) : "d"(0x80) : "memory");
        expect(place == static_cast<void*>(reinterpret_cast<std::byte*>(&page.words[1]) + 4));
    }},
    {in_words("in and out"), "string input to an unmapped page is the kernel's own page fault", [] {
        const auto fault = fault_of([] {
            std::uint64_t place = nowhere;
            asm volatile("cld; insl" : "+D"(place) : "d"(0xcfc) : "memory");
        });
        if (expect_fault(fault, 14, 2)) expect_equal(fault->address, nowhere);
    }},
    {in_words("in and out"), "the hypervisor's own serial port looks absent", [] { expect_equal(in8(0x3fd), 0xff); }},
    {in_words("in and out"), "interrupt controllers and timer of the hypervisor look absent", [] {
        expect_equal(in8(0x21), 0xff);
        expect_equal(in8(0xa1), 0xff);
        expect_equal(in8(0x40), 0xff);
    }},
    {in_words("rdmsr"), "EFER shows long mode and system calls", [] {
        const std::uint64_t value = read_msr(efer);
        expect_equal(value & 0x501, 0x501);
        expect_equal(value >> 12 & 1, 0);      // SVME
    }},
    {in_words("wrmsr"), "EFER may be written as it is", [] { expect(!fault_of([] { write_msr(efer, read_msr(efer)); })); }},
    {in_words("wrmsr"), "segment bases", [] {
        Page& page = fresh_page();
        page.words[0] = 77;
        write_msr(fs_base, page.address());
        std::uint64_t value;
        asm volatile("mov %%fs:0, %0" : "=r"(value));
        expect_equal(value, 77);
        expect_equal(read_msr(fs_base), page.address());
        write_msr(gs_base, page.address());
        asm volatile("mov %%gs:0, %0" : "=r"(value));
        expect_equal(value, 77);
        expect_equal(read_msr(gs_base), page.address());
        write_msr(shadow_gs_base, 0x1234000);
        expect_equal(read_msr(shadow_gs_base), 0x1234000);
        write_msr(fs_base, 0);
        write_msr(gs_base, 0);
    }},
    {in_words("wrmsr"), "a non-canonical segment base is #GP", [] {
        expect_fault(fault_of([] { write_msr(fs_base, 0x0000900000000000); }), 13);
    }},
    {in_words("rdmsr"), "registers Dom0 Linux reads at boot answer", [] {
        for (std::uint32_t number : {0x1bu, 0x8bu, 0x179u, 0x17au, 0x277u, 0x400u, 0xc0010015u, 0xc0000102u})
            expect(!fault_of([&] { read_msr(number); }));
        expect_equal(read_msr(0x1b) & 0x900, 0x900);               // the local APIC is on, this is the first CPU
        expect_equal(read_msr(0x277), 0x50100070406);              // Xen's own page attributes: the guest has to use them
    }},
    {in_words("rdmsr"), "a register that does not exist is #GP", [] {
        expect_fault(fault_of([] { read_msr(0xdeadbeef); }), 13);
        expect_fault(fault_of([] { write_msr(0xdeadbeef, 0); }), 13);
    }},
    {in_words("wrmsr"), "what would change the machine is #GP", [] {
        for (std::uint32_t number : {0x10u, 0x1bu, 0x277u, 0xc0000081u, 0xc0000082u, 0xc0000084u})
            expect_fault(fault_of([&] { write_msr(number, 0x12345); }), 13);
    }},
    {in_words("mov cr0"), "shows a protected, paged machine; only TS may change", [] {
        const std::uint64_t cr0 = read_cr0();
        expect_equal(cr0 & 0x80010001, 0x80010001);    // PG WP PE
        expect(!fault_of([&] { asm volatile("mov %0, %%cr0" ::"r"(cr0)); }));
        expect(!fault_of([&] { asm volatile("mov %0, %%cr0" ::"r"(cr0 | 8)); }));
        expect_equal(read_cr0() & 8, 8);
        asm volatile("clts");
        expect_equal(read_cr0() & 8, 0);
        expect_fault(fault_of([&] { asm volatile("mov %0, %%cr0" ::"r"(cr0 & ~0x10000ull)); }), 13);
    }},
    {in_words("mov cr2"), "is the vcpu_info's cr2", [] {
        std::uint64_t value;
        asm volatile("mov %1, %%cr2; mov %%cr2, %0" : "=r"(value) : "r"(0x5a5a5000ull));
        expect_equal(value, 0x5a5a5000);
        expect_equal(vcpu_info().arch.cr2, 0x5a5a5000);
    }},
    {in_words("mov cr3"), "shows the machine frame of the running table, and takes it back", [] {
        expect_equal(read_cr3(), root_mfn() * page_size);
        expect(!fault_of([] { asm volatile("mov %0, %%cr3" ::"r"(root_mfn() * page_size)); }));
        expect_equal(read_cr3(), root_mfn() * page_size);
    }},
    {in_words("mov cr3"), "a frame that is no level-4 table is #GP", [] {
        Page& page = fresh_page();
        expect_fault(fault_of([&] { asm volatile("mov %0, %%cr3" ::"r"(page.machine())); }), 13);
        expect_equal(read_cr3(), root_mfn() * page_size);
    }},
    {in_words("mov cr4"), "shows PAE, and may be written as it is", [] {
        const std::uint64_t cr4 = read_cr4();
        expect_equal(cr4 >> 5 & 1, 1);
        expect(!fault_of([&] { asm volatile("mov %0, %%cr4" ::"r"(cr4)); }));
        expect_equal(read_cr4(), cr4);
    }},
    {in_words("mov dr7"), "works like set_debugreg", [] {
        std::uint64_t value;
        asm volatile("mov %%dr7, %0" : "=r"(value));
        expect_equal(value, 0x400);
        asm volatile("mov %%dr6, %0" : "=r"(value));
        expect_equal(value, 0xffff0ff0);
    }},
    {in_words("invlpg"), "is #GP: there is a call for it", [] {
        Page& page = fresh_page();
        expect_fault(fault_of([&] { asm volatile("invlpg %0" ::"m"(page)); }), 13);
    }},
    {in_words("wbinvd"), "is allowed, as the caches are the hypervisor's business", [] {
        expect(!fault_of([] { asm volatile("wbinvd"); }));
    }},
    {in_words("rdtsc"), "is not trapped and goes forward", [] {
        const std::uint64_t before = __builtin_ia32_rdtsc();
        expect(__builtin_ia32_rdtsc() > before);
    }},
    {in_words("hlt"), "is #GP: there is a call for it", [] { expect_fault(fault_of([] { asm volatile("hlt"); }), 13); }},
    {in_words("cli and sti"), "do not reach the processor", [] {
        expect(!fault_of([] { asm volatile("cli"); }));
        expect(!fault_of([] { asm volatile("sti"); }));
        std::uint64_t flags;
        asm volatile("pushf; pop %0" : "=r"(flags));
        expect_equal(flags & 0x200, 0x200);
    }},
    {in_words("popf"), "changes neither interrupt flag nor I/O privilege", [] {
        std::uint64_t flags = 0x3002;
        asm volatile("push %0; popf; pushf; pop %0" : "+r"(flags));
        expect_equal(flags & 0x3200, 0x200);
    }},
    {in_words("lgdt, lidt, lldt, ltr, rdpmc"), "are #GP", [] {
        static const struct [[gnu::packed]] { std::uint16_t size; std::uint64_t base; } descriptor{0, 0};
        expect_fault(fault_of([] { asm volatile("lgdt %0" ::"m"(descriptor)); }), 13);
        expect_fault(fault_of([] { asm volatile("lidt %0" ::"m"(descriptor)); }), 13);
        expect_fault(fault_of([] { asm volatile("lldt %w0" ::"r"(0)); }), 13);
        expect_fault(fault_of([] { asm volatile("ltr %w0" ::"r"(0)); }), 13);
        expect_fault(fault_of([] { asm volatile("rdpmc" ::"c"(0) : "rax", "rdx"); }), 13);
    }},
    {in_words("xgetbv and xsetbv"), "the state components may be set as they are", [] {
        std::uint32_t low = 0, high = 0;
        if (!(forced_cpuid(1).ecx >> 26 & 1)) return skip("the processor shows no XSAVE");
        asm volatile("mov %0, %%cr4" ::"r"(read_cr4() | 1 << 18));      // without OSXSAVE xsetbv is #UD
        expect_equal(read_cr4() >> 18 & 1, 1);
        asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        expect_equal(low & 3, 3);
        expect(!fault_of([&] { asm volatile("xsetbv" ::"a"(low), "d"(high), "c"(0)); }));
        expect_fault(fault_of([&] { asm volatile("xsetbv" ::"a"(0), "d"(0), "c"(0)); }), 13);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
