// Instructions that C++ has no words for. Each wraps one, and adds nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "machine/msr.hpp"

namespace basalt {

struct CpuidLeaf {
    std::uint32_t eax, ebx, ecx, edx;
};

inline CpuidLeaf cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    CpuidLeaf out;
    asm volatile("cpuid" : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx) : "a"(leaf), "c"(subleaf));
    return out;
}

inline std::uint64_t read_msr(std::uint32_t msr) {
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return low | std::uint64_t{high} << 32;
}

inline void write_msr(std::uint32_t msr, std::uint64_t value) {
    asm volatile("wrmsr"
                 :
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
}

// For registers that this CPU may not have: nothing, or false, where the CPU answers #GP.
std::optional<std::uint64_t> try_read_msr(std::uint32_t msr);
bool try_write_msr(std::uint32_t msr, std::uint64_t value);

inline std::uint8_t in8(std::uint16_t port) {
    std::uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline std::uint16_t in16(std::uint16_t port) {
    std::uint16_t value;
    asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline std::uint32_t in32(std::uint16_t port) {
    std::uint32_t value;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
inline void out8(std::uint16_t port, std::uint8_t value) { asm volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
inline void out16(std::uint16_t port, std::uint16_t value) { asm volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
inline void out32(std::uint16_t port, std::uint32_t value) { asm volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }

inline std::uint64_t read_cr0() {
    std::uint64_t value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}
inline void write_cr0(std::uint64_t value) { asm volatile("mov %0, %%cr0" : : "r"(value) : "memory"); }
inline std::uint64_t read_cr2() {
    std::uint64_t value;
    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
inline void write_cr2(std::uint64_t value) { asm volatile("mov %0, %%cr2" : : "r"(value) : "memory"); }
inline std::uint64_t read_cr3() {
    std::uint64_t value;
    asm volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}
inline void write_cr3(std::uint64_t value) { asm volatile("mov %0, %%cr3" : : "r"(value) : "memory"); }
inline std::uint64_t read_cr4() {
    std::uint64_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
inline void write_cr4(std::uint64_t value) { asm volatile("mov %0, %%cr4" : : "r"(value) : "memory"); }
inline void clear_task_switched() { asm volatile("clts"); }

template <unsigned number>
std::uint64_t read_dr() {
    std::uint64_t value;
    asm volatile("mov %%db%c1, %0" : "=r"(value) : "i"(number));
    return value;
}
template <unsigned number>
void write_dr(std::uint64_t value) {
    asm volatile("mov %0, %%db%c1" : : "r"(value), "i"(number));
}

inline std::uint64_t read_tsc() {
    std::uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | std::uint64_t{high} << 32;
}
// Not before what was loaded earlier (SDM 2B, RDTSC).
inline std::uint64_t read_tsc_in_order() {
    asm volatile("lfence" : : : "memory");
    return read_tsc();
}

inline void invalidate_page(std::uint64_t address) { asm volatile("invlpg (%0)" : : "r"(address) : "memory"); }
inline void write_back_and_invalidate_caches() { asm volatile("wbinvd" : : : "memory"); }

struct [[gnu::packed]] DescriptorTable {
    std::uint16_t limit;
    std::uint64_t base;
};
// clang-format off: a table
inline DescriptorTable read_gdt() { DescriptorTable it; asm volatile("sgdt %0" : "=m"(it)); return it; }
inline DescriptorTable read_idt() { DescriptorTable it; asm volatile("sidt %0" : "=m"(it)); return it; }
inline std::uint16_t read_ldt() { std::uint16_t it; asm volatile("sldt %0" : "=r"(it)); return it; }
inline std::uint16_t read_task_register() { std::uint16_t it; asm volatile("str %0" : "=r"(it)); return it; }
inline void load_gdt(const DescriptorTable& table) { asm volatile("lgdt %0" : : "m"(table)); }
inline void load_idt(const DescriptorTable& table) { asm volatile("lidt %0" : : "m"(table)); }
inline void load_ldt(std::uint16_t selector) { asm volatile("lldt %0" : : "r"(selector) : "memory"); }
inline void load_task_register(std::uint16_t selector) { asm volatile("ltr %0" : : "r"(selector) : "memory"); }

inline std::uint16_t read_ds() { std::uint16_t it; asm volatile("mov %%ds, %0" : "=r"(it)); return it; }
inline std::uint16_t read_es() { std::uint16_t it; asm volatile("mov %%es, %0" : "=r"(it)); return it; }
inline std::uint16_t read_fs() { std::uint16_t it; asm volatile("mov %%fs, %0" : "=r"(it)); return it; }
inline std::uint16_t read_gs() { std::uint16_t it; asm volatile("mov %%gs, %0" : "=r"(it)); return it; }
// clang-format on

// A guest's selectors may be anything. False, and the null selector, where the CPU refuses one.
// Loading FS or GS changes that base; load_gs_user_half leaves GS base alone and changes the one behind SWAPGS.
bool try_load_ds(std::uint16_t selector);
bool try_load_es(std::uint16_t selector);
bool try_load_fs(std::uint16_t selector);
bool try_load_gs(std::uint16_t selector);
bool try_load_gs_behind_swap(std::uint16_t selector);

// Bases must be canonical: the caller has checked. RD/WRFSBASE where they are switched on, the MSRs elsewhere.
std::uint64_t read_fs_base();
std::uint64_t read_gs_base();
std::uint64_t read_gs_base_behind_swap();
void write_fs_base(std::uint64_t base);
void write_gs_base(std::uint64_t base);
void write_gs_base_behind_swap(std::uint64_t base);

inline void swap_gs() { asm volatile("swapgs" : : : "memory"); }
inline void write_xcr0(std::uint64_t value) {
    asm volatile("xsetbv" : : "c"(0), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32)));
}
inline std::uint64_t read_xcr0() {
    std::uint32_t low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low | std::uint64_t{high} << 32;
}
inline void pause_briefly() { asm volatile("pause" : : : "memory"); }
inline void halt() { asm volatile("hlt" : : : "memory"); }
inline void interrupts_off() { asm volatile("cli" : : : "memory"); }

}  // namespace basalt
