// What a CPU holds that decides what ring 3 may do there, where its entries land, and what stops it. GS and FS bases, the
// FPU and DR6 are not here: they change behind our back while the vcpu runs. PKRU and the registers against speculation
// are not either: Basalt leaves protection keys off, and writes none of those.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace basalt {

struct HeldRegisters {
    std::uint64_t cr0, cr3, cr4, xcr0;
    std::uint64_t noted_root, noted_cr4, noted_xcr0;   // by the CPU for itself, which writes them only when they change
    std::uint64_t noted_tables;                        // and for others: whose it walks
    std::uint64_t dr0, dr1, dr2, dr3, dr7;
    std::uint64_t gdt_base, gdt_limit, own_gdt_page, ldt, ldt_descriptor, idt_base, idt_limit, task;
    std::uint64_t efer, star, lstar, cstar, syscall_mask, sysenter_cs, tsc_aux, page_attributes;
    std::uint64_t landing, stack_behind_landing;       // RSP0, and what entry.S finds there
};

struct HeldRegister {
    std::string_view name;
    std::uint64_t HeldRegisters::* value;
};

inline constexpr auto held_registers = std::to_array<HeldRegister>({
    {"CR0", &HeldRegisters::cr0},
    {"CR3", &HeldRegisters::cr3},
    {"CR4", &HeldRegisters::cr4},
    {"XCR0", &HeldRegisters::xcr0},
    {"root as noted", &HeldRegisters::noted_root},
    {"CR4 as noted", &HeldRegisters::noted_cr4},
    {"XCR0 as noted", &HeldRegisters::noted_xcr0},
    {"whose tables it says it walks", &HeldRegisters::noted_tables},
    {"DR0", &HeldRegisters::dr0},
    {"DR1", &HeldRegisters::dr1},
    {"DR2", &HeldRegisters::dr2},
    {"DR3", &HeldRegisters::dr3},
    {"DR7", &HeldRegisters::dr7},
    {"base of the GDT", &HeldRegisters::gdt_base},
    {"limit of the GDT", &HeldRegisters::gdt_limit},
    {"page of the CPU's own in the GDT", &HeldRegisters::own_gdt_page},
    {"LDTR", &HeldRegisters::ldt},
    {"descriptor of the LDT", &HeldRegisters::ldt_descriptor},
    {"base of the IDT", &HeldRegisters::idt_base},
    {"limit of the IDT", &HeldRegisters::idt_limit},
    {"TR", &HeldRegisters::task},
    {"EFER", &HeldRegisters::efer},
    {"STAR", &HeldRegisters::star},
    {"LSTAR", &HeldRegisters::lstar},
    {"CSTAR", &HeldRegisters::cstar},
    {"FMASK", &HeldRegisters::syscall_mask},
    {"SYSENTER_CS", &HeldRegisters::sysenter_cs},
    {"TSC_AUX", &HeldRegisters::tsc_aux},
    {"PAT", &HeldRegisters::page_attributes},
    {"RSP0", &HeldRegisters::landing},
    {"stack behind RSP0", &HeldRegisters::stack_behind_landing},
});
static_assert(held_registers.size() * sizeof(std::uint64_t) == sizeof(HeldRegisters), "each of them is compared");

constexpr std::optional<HeldRegister> first_difference(const HeldRegisters& found, const HeldRegisters& expected) {
    for (const HeldRegister& one : held_registers)
        if (found.*one.value != expected.*one.value) return one;
    return std::nullopt;
}

}  // namespace basalt
