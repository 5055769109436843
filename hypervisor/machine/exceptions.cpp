// Exceptions of ring 0: expected ones have an entry in the exception table, others are a panic.
#include <array>
#include <span>
#include <string_view>

#include "debug/panic.hpp"
#include "machine/cpu.hpp"
#include "machine/descriptors.hpp"
#include "machine/exceptions.hpp"
#include "machine/entry.hpp"
#include "machine/image.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

// Made by assembler next to the instruction: distances from the fields themselves.
struct Recovery {
    std::int32_t fault;
    std::int32_t go_on;

    std::uint64_t faulting() const { return address_of(&fault) + static_cast<std::uint64_t>(std::int64_t{fault}); }
    std::uint64_t recovered() const { return address_of(&go_on) + static_cast<std::uint64_t>(std::int64_t{go_on}); }
};

}  // namespace
}  // namespace basalt

extern "C" {
extern const basalt::Recovery exception_table_start[], exception_table_end[];
extern std::byte guest_iret_faulted[];
}

namespace basalt {
namespace {

// clang-format off: a table
constexpr std::array<std::string_view, 20> names{
    "divide error", "debug", "NMI", "breakpoint", "overflow", "bound", "invalid opcode", "no device",
    "double fault", "coprocessor overrun", "invalid TSS", "no segment", "stack fault", "general protection",
    "page fault", "reserved", "floating point", "alignment check", "machine check", "SIMD"};
// clang-format on

// Entry code runs in this CPU's alias; the table and the symbols know the image's copy.
std::uint64_t distance_to_image() { return address_of(entry_text_start) - entry_alias(this_cpu().id); }
bool in_alias(std::uint64_t address) {
    const auto offset = address - entry_alias(this_cpu().id);
    return offset < static_cast<std::uint64_t>(entry_text_end - entry_text_start);
}

}  // namespace

std::uint64_t in_image(std::uint64_t rip) { return in_alias(rip) ? rip + distance_to_image() : rip; }

namespace {

bool recover(Registers& registers) {
    const auto distance = in_image(registers.rip) - registers.rip;
    for (const auto& recovery : std::span(exception_table_start, exception_table_end)) {
        if (recovery.faulting() != registers.rip + distance) continue;
        if (recovery.recovered() == address_of(guest_iret_faulted)) {
            auto& guest = *this_cpu().running_registers;
            guest.vector = registers.vector;
            guest.error_code = registers.error_code;
        }
        registers.rip = recovery.recovered() - distance;
        return true;
    }
    return false;
}

void show(const Registers& r) {
    log(Level::error, "rip {x16} cs {x4}  rsp {x16} ss {x4}  rflags {x}", r.rip, r.cs, r.rsp, r.ss, r.rflags);
    log(Level::error, "rax {x16} rbx {x16} rcx {x16} rdx {x16}", r.rax, r.rbx, r.rcx, r.rdx);
    log(Level::error, "rsi {x16} rdi {x16} rbp {x16} r8  {x16}", r.rsi, r.rdi, r.rbp, r.r8);
    log(Level::error, "r9  {x16} r10 {x16} r11 {x16} r12 {x16}", r.r9, r.r10, r.r11, r.r12);
    log(Level::error, "r13 {x16} r14 {x16} r15 {x16}", r.r13, r.r14, r.r15);
    log(Level::error, "cr0 {x} cr2 {x16} cr3 {x} cr4 {x}", read_cr0(), read_cr2(), read_cr3(), read_cr4());
}

void show_page_fault(const Registers& registers) {
    const auto address = read_cr2();
    log(Level::error, "{} of {x16}: {}", (registers.error_code & page_fault_error::write) != 0 ? "write" : "read", address,
        (registers.error_code & page_fault_error::present) != 0 ? "not allowed" : "nothing is mapped there");
}

// Into its guard page. The page fault then found no stack to come to, and became a double fault.
void show_overflow(const Registers& registers) {
    const auto below = registers.rsp - read_cr2();
    if (below < page_size) log(Level::error, "a stack has overflowed: it ends above {x16}", read_cr2());
}

}  // namespace

void die_of(const Registers& registers, void (*more)()) {
    panic_begins();
    const auto name = registers.vector < names.size() ? names[registers.vector] : std::string_view("unexpected");
    log(Level::error, "exception {} ({}), error code {x}", registers.vector, name, registers.error_code);
    if (registers.vector == vector::page_fault) show_page_fault(registers);
    if (registers.vector == vector::double_fault) show_overflow(registers);
    more();
    show(registers);
    show_stack({in_image(registers.rip), registers.rbp});
    panic_ends();
}

namespace {

// A guest's breakpoint on data that Basalt copies for it, or its single step meeting SYSCALL: not ours to report.
void ignore_debug_exception(Registers& registers) {
    write_dr<6>(0xffff0ff0);
    registers.rflags |= rflags::resume;
    registers.rflags &= ~rflags::trap;
}

}  // namespace

void hypervisor_exception(Registers& registers) {
    if (registers.vector == vector::debug) return ignore_debug_exception(registers);
    if (resolve_hypervisor_fault(registers)) return;
    if (recover(registers)) return;
    die_of(registers);
}

void double_fault(Registers& registers) { die_of(registers); }

}  // namespace basalt
