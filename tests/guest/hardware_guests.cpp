// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Domains whose kernels are in ring 0 of a machine of their own: made, run for a few instructions, and ended.
#include "kit/case.hpp"
#include "kit/hardware_domain.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

// What such a kernel runs lies between two labels; its data is at 0x2000, and it ends by a halt that nothing can end.
#define KERNEL(name, ...) KERNEL_OF(".code32", name, __VA_ARGS__)
#define KERNEL_64(name, ...) KERNEL_OF(".code64", name, __VA_ARGS__)
#define KERNEL_OF(bits, name, ...)                                                                                     \
    asm(".pushsection .rodata\n" #name "_start: " bits "\n" __VA_ARGS__ "\n.code64\n" #name "_end: .popsection"); \
    extern "C" const std::byte name##_start[], name##_end[];                                                    \
    std::span<const std::byte> name() { return {name##_start, name##_end}; }

KERNEL(stores, "mov %ebx, 0x2000; cli; hlt")
KERNEL(identifies, "mov $0x40000000, %eax; cpuid; mov %ebx, 0x2000; mov %ecx, 0x2004; mov %edx, 0x2008; cli; hlt")
KERNEL(reads_ports, "xor %eax, %eax; in $0x42, %al; mov %eax, 0x2000; in $0x42, %ax; mov %eax, 0x2004; "
                    "in $0x42, %eax; mov %eax, 0x2008; cli; hlt")
KERNEL(faults_thrice, "ud2")
KERNEL(counts, "1: incl 0x2000; jmp 1b")
KERNEL(prefixed, "movl $0x40000000, %eax; .byte 0x66, 0x67, 0x2e, 0x0f, 0xa2; mov %ebx, 0x2000; cli; hlt")
KERNEL(reads_efer, "mov $0xc0000080, %ecx; xor %edx, %edx; rdmsr; mov %eax, 0x2000; mov %edx, 0x2004; "
                   "mov $0x801, %eax; wrmsr; xor %eax, %eax; rdmsr; mov %eax, 0x2008; cli; hlt")

KERNEL(enters_long_mode, "mov $0x20, %eax; mov %eax, %cr4; mov $0xc0000080, %ecx; mov $0x100, %eax; xor %edx, %edx; wrmsr; "
                         "mov $0x4000, %eax; mov %eax, %cr3; mov %cr0, %eax; or $0x80000000, %eax; mov %eax, %cr0; "
                         "rdmsr; mov %eax, 0x2000; mov %cr0, %eax; mov %eax, 0x2004; mov %cr4, %eax; mov %eax, 0x2008; cli; hlt")
KERNEL(sets_reserved_bit, "mov $0x80000000, %eax; mov %eax, %cr4; cli; hlt")
KERNEL(sets_page_attributes, "mov $0x277, %ecx; mov $0x06060606, %eax; mov %eax, %edx; wrmsr; xor %eax, %eax; rdmsr; mov %eax, 0x2000; "
                             "cli; hlt")
KERNEL_64(asks_version, "mov $17, %eax; xor %edi, %edi; vmmcall; mov %rax, 0x2000; cli; hlt")
KERNEL_64(shuts_down, "movl $4, 0x2ffe; mov $29, %eax; mov $2, %edi; mov %ebx, %esi; vmmcall; mov %rax, 0x2000; cli; hlt")
KERNEL_64(asks_extra, "mov $17, %eax; mov $1, %edi; mov $0x2ffa, %esi; vmmcall; mov %rax, 0x2000; cli; hlt")

HardwareDomain of_64_bits(std::span<const std::byte> instructions, std::uint32_t argument = 0) {
    return HardwareDomain(instructions, argument, HardwareDomain::Mode::bits_64);
}

void expect_powered_off(const HardwareDomain& domain) {
    expect_equal(domain.trouble, 0);
    expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
}

constexpr auto table = std::to_array<Case>({
    {"domctl.createdomain", "makes a hardware-assisted guest, and says so", [] {
        const HardwareDomain domain(stores());
        expect_equal(domain.trouble, 0);
        const auto info = domain.info();
        expect_equal(info.flags & (XEN_DOMINF_hvm_guest | XEN_DOMINF_hap), XEN_DOMINF_hvm_guest | XEN_DOMINF_hap);
        expect_equal(info.arch_config.emulation_flags, XEN_X86_EMU_LAPIC);
        expect_equal(info.tot_pages, std::uint64_t{HardwareDomain::pages});
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "run where they were started, with the registers that they were given", [] {
        const HardwareDomain domain(stores(), 0x12345678);
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0x12345678u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "find Xen by CPUID", [] {
        const HardwareDomain domain(identifies());
        expect_powered_off(domain);
        expect_equal(domain.word(0), unsigned{XEN_CPUID_SIGNATURE_EBX});
        expect_equal(domain.word(1), unsigned{XEN_CPUID_SIGNATURE_ECX});
        expect_equal(domain.word(2), unsigned{XEN_CPUID_SIGNATURE_EDX});
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "go on behind an instruction with prefixes", [] {
        const HardwareDomain domain(prefixed());
        expect_powered_off(domain);
        expect_equal(domain.word(0), unsigned{XEN_CPUID_SIGNATURE_EBX});
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "read ones where no device is", [] {
        const HardwareDomain domain(reads_ports());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0xffu);
        expect_equal(domain.word(1), 0xffffu);
        expect_equal(domain.word(2), 0xffffffffu);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "have an EFER of their own", [] {
        const HardwareDomain domain(reads_efer());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0u);
        expect_equal(domain.word(1), 0u);
        expect_equal(domain.word(2), 0x801u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "enter long mode by themselves", [] {
        const HardwareDomain domain(enters_long_mode(), 0, HardwareDomain::Mode::bits_32_with_tables);
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0x500u);
        expect_equal(domain.word(1), 0x80000011u);
        expect_equal(domain.word(2), 0x20u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "have #GP for bits of CR4 that are not there", [] {
        if (on_bochs_svm()) return skip("emulator's fault: Bochs 2.7 ends at a triple fault of a guest of SVM's");
        const HardwareDomain domain(sets_reserved_bit());
        expect_equal(domain.run(), unsigned{SHUTDOWN_reboot});   // without gates of its own
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "have memory types of their own", [] {
        const HardwareDomain domain(sets_page_attributes());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0x06060606u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "a triple fault resets the machine", [] {
        if (on_bochs_svm()) return skip("emulator's fault: Bochs 2.7 ends at a triple fault of a guest of SVM's");
        const HardwareDomain domain(faults_thrice());
        expect_equal(domain.run(), unsigned{SHUTDOWN_reboot});
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "that never ask for anything share the CPU, and end when they are told to", [] {
        if (on_bochs()) return skip("emulator's fault: Bochs 2.7 shuts interrupts out of a guest that was entered with IF clear");
        const HardwareDomain domain(counts());
        domain.start();
        while (domain.word(0) == 0) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(domain.destroy(), 0);
    }},
    {"xen_version.version", "is told to a kernel that calls by VMMCALL", [] {
        const HardwareDomain domain = of_64_bits(asks_version());
        expect_powered_off(domain);
        expect_equal(domain.word(0) >> 16, 4u);
        expect_equal(domain.destroy(), 0);
    }},
    {"sched_op.shutdown", "reads the reason where such a kernel has it, across two of its pages", [] {
        const HardwareDomain domain = of_64_bits(shuts_down(), 0x2ffe);
        expect_equal(domain.run(), 4u);
        expect_equal(domain.destroy(), 0);
    }},
    {"sched_op.shutdown", "reads it where the kernel's own tables lead", [] {
        const HardwareDomain domain = of_64_bits(shuts_down(), 0x20'2ffe);
        expect_equal(domain.run(), 4u);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.destroydomain", "gives back all that a hardware-assisted guest had", [] {
        const std::uint64_t before = free_pages();
        const HardwareDomain domain(stores());
        expect_powered_off(domain);
        expect_equal(domain.destroy(), 0);
        expect_free_pages(before);
    }},
    {"sched_op.shutdown", "is refused where such a kernel has no memory", [] {
        const HardwareDomain domain = of_64_bits(shuts_down(), 0x40'0000);
        expect_powered_off(domain);
        expect_equal(domain.word(0), static_cast<std::uint32_t>(-XEN_EFAULT));
        expect_equal(domain.destroy(), 0);
    }},
    {"xen_version.extraversion", "is written across two of its pages", [] {
        const HardwareDomain domain = of_64_bits(asks_extra());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0u);
        expect(domain.word(1022) != 0);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.sethvmcontext", "refuses what is no stream of records, and what no processor can be", [] {
        const HardwareDomain domain(stores());
        expect_equal(domain.trouble, 0);
        static std::byte records[2048];
        const auto given = [&](std::size_t size) { return set_records(domain.id, std::span(records).first(size)); };
        std::size_t size = cpu_records(records, [](hvm_hw_cpu&) {});
        expect_equal(given(size), 0);
        expect_equal(given(0), -XEN_ENODATA);
        expect_equal(given(size - sizeof(hvm_save_descriptor)), -XEN_ENODATA);
        expect_equal(given(size - sizeof(hvm_save_descriptor) - 1), -XEN_EINVAL);
        size = cpu_records(records, [](hvm_hw_cpu& cpu) { cpu.cr4 = std::uint64_t{1} << 63; });
        expect_equal(given(size), -XEN_EINVAL);
        size = cpu_records(records, [](hvm_hw_cpu& cpu) { cpu.cr0 = 0x80000010; });
        expect_equal(given(size), -XEN_EINVAL);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.sethvmcontext", "refuses devices that there are not, and MSRs that say more than they may", [] {
        const HardwareDomain domain(stores());
        static std::byte records[2048];
        static constexpr std::array<std::byte, sizeof(hvm_hw_pit)> timer{};
        std::size_t size = write_records(records, HVM_SAVE_CODE(PIT), timer);
        expect_equal(set_records(domain.id, std::span(records).first(size)), -XEN_ENODEV);
        constexpr std::uint16_t msrs = 20;      // CPU_MSR_CODE, which <xen/arch-x86/hvm/save.h> names for tools alone
        static constexpr std::uint32_t one[] = {1, 0, 0xc0000101, 1, 0, 0};     // count; number, reserved, value
        size = write_records(records, msrs, std::as_bytes(std::span(one)));
        expect_equal(set_records(domain.id, std::span(records).first(size)), -XEN_EOPNOTSUPP);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.sethvmcontext", "is not for PV guests, nor read where nothing is", [] {
        static std::byte records[2048];
        const std::size_t size = cpu_records(records, [](hvm_hw_cpu&) {});
        expect_equal(set_records(idle_domain().id, std::span(records).first(size)), -XEN_EINVAL);
        const HardwareDomain domain(stores());
        auto* const nowhere = reinterpret_cast<std::byte*>(std::uint64_t{0x1000});
        expect_equal(set_records(domain.id, std::span(nowhere, size)), -XEN_EFAULT);
        expect_equal(domain.destroy(), 0);
    }},
    {"mmuext_op.pin_l1_table", "makes no table of a hardware-assisted guest's page", [] {
        const HardwareDomain domain(stores());
        const int id = static_cast<int>(domain.id);
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, HardwareDomain::data, id), -XEN_EINVAL);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.get_paging_mempool_size", "is of hardware-assisted guests alone", [] {
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_get_paging_mempool_size, idle_domain().id, request), -XEN_EOPNOTSUPP);
        expect_equal(set_paging_memory(idle_domain().id, 1 << 20), -XEN_EOPNOTSUPP);
    }},
    {"domctl.set_paging_mempool_size", "takes whole pages, of a hardware-assisted guest", [] {
        const HardwareDomain domain(stores());
        expect_equal(set_paging_memory(domain.id, 2 << 20), 0);
        expect_equal(set_paging_memory(domain.id, 5000), -XEN_EINVAL);
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_get_paging_mempool_size, domain.id, request), 0);
        expect_equal(request.u.paging_mempool.size, std::uint64_t{2} << 20);
        expect_equal(set_paging_memory(domain.id, 0), -XEN_ENOMEM);
        expect_equal(domain.destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
