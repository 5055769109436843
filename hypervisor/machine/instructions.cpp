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

namespace {

// As MOV to a segment register numbers them (SDM 2B, MOV: 8E /r). The assembler knows them by name alone, and no name can be a
// template's argument.
enum class Segment : std::uint8_t { es = 0, ds = 3, fs = 4, gs = 5 };

template <Segment segment>
bool try_load(std::uint16_t selector) {
    std::uint32_t done = 0;
    asm volatile("1: .byte 0x8e, 0xc7 | %c2 << 3\n\t"    // mov %edi, segment: the argument is there already
                 "mov $1, %0\n"
                 "2:\n\t"
                 ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long 1b - ., 2b - .\n\t.popsection"
                 : "+r"(done)
                 : "D"(std::uint32_t{selector}), "i"(segment)
                 : "memory");
    if (done == 0) asm volatile(".byte 0x8e, 0xc0 | %c1 << 3" : : "a"(0), "i"(segment));    // mov %eax, segment
    return done != 0;
}

}  // namespace

bool try_load_ds(std::uint16_t selector) { return try_load<Segment::ds>(selector); }
bool try_load_es(std::uint16_t selector) { return try_load<Segment::es>(selector); }
bool try_load_fs(std::uint16_t selector) { return try_load<Segment::fs>(selector); }
bool try_load_gs(std::uint16_t selector) { return try_load<Segment::gs>(selector); }

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
