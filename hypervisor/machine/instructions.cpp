#include "machine/instructions.hpp"

#include "machine/cpu.hpp"
#include "machine/features.hpp"

// Each of these asks for an entry of the exception table: `.long 1b - ., 2b - .` leads a fault at 1 on to 2. The result
// is set to failure before 1, and 2 skips what would set it to success.
namespace basalt {

std::optional<std::uint64_t> try_read_msr(std::uint32_t msr) {
    std::uint32_t low = 0, high = 0, found = 0;
    asm volatile("1: rdmsr\n\t"
                 "mov $1, %2\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long 1b - ., 2b - .\n\t.popsection"
                 : "+a"(low), "+d"(high), "+r"(found)
                 : "c"(msr));
    if (found == 0) return std::nullopt;
    return low | std::uint64_t{high} << 32;
}

bool try_write_msr(std::uint32_t msr, std::uint64_t value) {
    std::uint32_t done = 0;
    asm volatile("1: wrmsr\n\t"
                 "mov $1, %0\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long 1b - ., 2b - .\n\t.popsection"
                 : "+r"(done)
                 : "c"(msr), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32))
                 : "memory");
    return done != 0;
}

bool try_load_ds(std::uint16_t selector) {
    std::uint32_t done = 0;
    asm volatile("1: mov %1, %%ds\n\t"
                 "mov $1, %0\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long 1b - ., 2b - .\n\t.popsection"
                 : "+r"(done)
                 : "r"(std::uint32_t{selector})
                 : "memory");
    if (done == 0) asm volatile("mov %0, %%ds" : : "r"(0));
    return done != 0;
}

bool try_load_es(std::uint16_t selector) {
    std::uint32_t done = 0;
    asm volatile("1: mov %1, %%es\n\t"
                 "mov $1, %0\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long 1b - ., 2b - .\n\t.popsection"
                 : "+r"(done)
                 : "r"(std::uint32_t{selector})
                 : "memory");
    if (done == 0) asm volatile("mov %0, %%es" : : "r"(0));
    return done != 0;
}

bool try_load_fs(std::uint16_t selector) {
    std::uint32_t done = 0;
    asm volatile("1: mov %1, %%fs\n\t"
                 "mov $1, %0\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long 1b - ., 2b - .\n\t.popsection"
                 : "+r"(done)
                 : "r"(std::uint32_t{selector})
                 : "memory");
    if (done == 0) asm volatile("mov %0, %%fs" : : "r"(0));
    return done != 0;
}

bool try_load_gs(std::uint16_t selector) {
    std::uint32_t done = 0;
    asm volatile("1: mov %1, %%gs\n\t"
                 "mov $1, %0\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long 1b - ., 2b - .\n\t.popsection"
                 : "+r"(done)
                 : "r"(std::uint32_t{selector})
                 : "memory");
    if (done == 0) asm volatile("mov %0, %%gs" : : "r"(0));
    return done != 0;
}

bool try_load_gs_behind_swap(std::uint16_t selector) {
    swap_gs();
    const bool done = try_load_gs(selector);
    asm volatile("mfence" : : : "memory");   // AMD erratum 88: a load of GS must not cross SWAPGS
    swap_gs();
    return done;
}

namespace {

// They are the running guest's choice, and until that is known there are none.
bool has_base_instructions() { return (this_cpu().cr4 & cr4::fsgsbase) != 0; }

}  // namespace

std::uint64_t read_fs_base() {
    if (!has_base_instructions()) return read_msr(msr::fs_base);
    std::uint64_t base;
    asm volatile("rdfsbase %0" : "=r"(base));
    return base;
}

std::uint64_t read_gs_base() {
    if (!has_base_instructions()) return read_msr(msr::gs_base);
    std::uint64_t base;
    asm volatile("rdgsbase %0" : "=r"(base));
    return base;
}

void write_fs_base(std::uint64_t base) {
    if (!has_base_instructions()) return write_msr(msr::fs_base, base);
    asm volatile("wrfsbase %0" : : "r"(base));
}

void write_gs_base(std::uint64_t base) {
    if (!has_base_instructions()) return write_msr(msr::gs_base, base);
    asm volatile("wrgsbase %0" : : "r"(base));
}

std::uint64_t read_gs_base_behind_swap() {
    if (!has_base_instructions()) return read_msr(msr::gs_base_behind_swap);
    swap_gs();
    const auto base = read_gs_base();
    swap_gs();
    return base;
}

void write_gs_base_behind_swap(std::uint64_t base) {
    if (!has_base_instructions()) return write_msr(msr::gs_base_behind_swap, base);
    swap_gs();
    write_gs_base(base);
    swap_gs();
}

}  // namespace basalt
