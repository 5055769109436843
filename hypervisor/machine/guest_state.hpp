// A hardware-assisted guest's state and why it was left, as guests/hvm reads and writes them: in the form of AMD's control
// block (APM 2, appendix B and C). On SVM they are that block, where the processor finds and leaves them, so that reading one
// is a load; on VMX (vmx.hpp) they are filled from the VMCS at an exit, and what has changed goes back before the next entry.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace basalt {

// What is brought in as the guest is entered, or was being delivered as it was left: offsets 0xa8 and 0x88.
struct Event {
    enum class Kind : std::uint8_t { interrupt = 0, nmi = 2, exception = 3, software_interrupt = 4 };

    constexpr Event() = default;
    constexpr explicit Event(std::uint64_t word) : raw(word) {}
    constexpr Event(Kind kind, std::uint8_t vector)
        : raw(vector | std::uint64_t{static_cast<std::uint8_t>(kind)} << 8 | valid_bit) {}
    constexpr Event(std::uint8_t vector, std::uint32_t error_code)
        : raw(vector | std::uint64_t{static_cast<std::uint8_t>(Kind::exception)} << 8 | has_error_bit | valid_bit |
              std::uint64_t{error_code} << 32) {}

    constexpr bool valid() const { return (raw & valid_bit) != 0; }
    constexpr Kind kind() const { return static_cast<Kind>(raw >> 8 & 7); }
    constexpr std::uint8_t vector() const { return static_cast<std::uint8_t>(raw); }
    constexpr bool has_error() const { return (raw & has_error_bit) != 0; }
    constexpr std::uint32_t error_code() const { return static_cast<std::uint32_t>(raw >> 32); }

    std::uint64_t raw = 0;

private:
    static constexpr std::uint64_t has_error_bit = 1 << 11;
    static constexpr std::uint64_t valid_bit = std::uint64_t{1} << 31;
};

// One exit. The codes are AMD's, whatever the processor.
struct Exit {
    std::uint64_t code = 0;   // exit_code
    std::uint64_t info_1 = 0, info_2 = 0;
    Event interrupted;   // what was being delivered
};
static_assert(sizeof(Exit) == 32);

// A segment register with its hidden part. `attributes` are bits 8 to 15 and 20 to 23 of a descriptor's high word.
struct Segment {
    std::uint16_t selector = 0, attributes = 0;
    std::uint32_t limit = 0;
    std::uint64_t base = 0;
};
static_assert(sizeof(Segment) == 16);

struct GuestState {
    Segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;   // 0x400
    std::array<std::byte, 0xcb - 0xa0> reserved_a0{};
    std::uint8_t cpl = 0;
    std::uint32_t reserved_cc = 0;
    std::uint64_t efer = 0;
    std::array<std::byte, 0x148 - 0xd8> reserved_d8{};
    std::uint64_t cr4 = 0, cr3 = 0, cr0 = 0, dr7 = 0, dr6 = 0, rflags = 0, rip = 0;
    std::array<std::byte, 0x1d8 - 0x180> reserved_180{};
    std::uint64_t rsp = 0, s_cet = 0, ssp = 0, isst = 0, rax = 0;
    std::uint64_t star = 0, lstar = 0, cstar = 0, syscall_mask = 0, gs_base_behind_swap = 0;
    std::uint64_t sysenter_cs = 0, sysenter_esp = 0, sysenter_eip = 0, cr2 = 0;
    std::array<std::byte, 0x268 - 0x248> reserved_248{};
    std::uint64_t page_attributes = 0, debug_control = 0;
    std::uint64_t branch_from = 0, branch_to = 0, exception_from = 0, exception_to = 0;
    std::array<std::byte, 0xc00 - 0x298> reserved_298{};
};
static_assert(offsetof(GuestState, cpl) == 0xcb && offsetof(GuestState, efer) == 0xd0 && offsetof(GuestState, cr4) == 0x148);
static_assert(offsetof(GuestState, rip) == 0x178 && offsetof(GuestState, rsp) == 0x1d8 && offsetof(GuestState, rax) == 0x1f8);
static_assert(offsetof(GuestState, cr2) == 0x240 && offsetof(GuestState, page_attributes) == 0x268);
static_assert(sizeof(GuestState) == 0xc00);

// Why the guest was left: APM 2, appendix C.
namespace exit_code {
inline constexpr std::uint64_t read_cr0 = 0x00, write_cr0 = 0x10, read_dr0 = 0x20, write_dr0 = 0x30;
inline constexpr std::uint64_t exception = 0x40;   // and its vector
inline constexpr std::uint64_t interrupt = 0x60, nmi = 0x61, smi = 0x62, init = 0x63, virtual_interrupt = 0x64,
                               selective_cr0_write = 0x65, cpuid = 0x72, iret = 0x74, invd = 0x76, hlt = 0x78, invlpga = 0x7a,
                               port = 0x7b, msr = 0x7c, task_switch = 0x7d, shutdown = 0x7f, vmmcall = 0x81, wbinvd = 0x89,
                               monitor = 0x8a, mwait = 0x8b, xsetbv = 0x8d, nested_page_fault = 0x400;
inline constexpr std::uint64_t invalid = ~std::uint64_t{0};
inline constexpr std::uint64_t no_instruction = 0x80;   // VMRUN: one that these guests do not have
}   // namespace exit_code

}   // namespace basalt
