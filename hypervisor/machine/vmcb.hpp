// AMD's virtual machine control block, by name: APM 2, appendix B; what the fields mean is chapter 15's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/number.hpp"

namespace basalt::svm {

// Words of intercepts; bits of each. APM 2 table B-1, offsets 0 to 0x14.
struct Intercepts {
    std::uint16_t cr_reads = 0, cr_writes = 0;
    std::uint16_t dr_reads = 0, dr_writes = 0;
    std::uint32_t exceptions = 0;
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    std::uint32_t third = 0;
};

namespace intercept {
// Of `cr_writes`.
inline constexpr std::uint16_t cr4 = 1 << 4, cr8 = 1 << 8;
// Of `first`.
inline constexpr std::uint32_t interrupt = 1 << 0, nmi = 1 << 1, smi = 1 << 2, init = 1 << 3, virtual_interrupt = 1 << 4,
                               selective_cr0_write = 1 << 5, rdpmc = 1 << 15, cpuid = 1 << 18, iret = 1 << 20, invd = 1 << 22,
                               hlt = 1 << 24, invlpga = 1 << 26, ports = 1 << 27, msrs = 1 << 28, task_switch = 1 << 29,
                               ferr_freeze = 1 << 30, shutdown = std::uint32_t{1} << 31;
// Of `second`.
inline constexpr std::uint32_t vmrun = 1 << 0, vmmcall = 1 << 1, vmload = 1 << 2, vmsave = 1 << 3, stgi = 1 << 4, clgi = 1 << 5,
                               skinit = 1 << 6, icebp = 1 << 8, wbinvd = 1 << 9, monitor = 1 << 10, mwait = 1 << 11,
                               xsetbv = 1 << 13, rdpru = 1 << 14;
}    // namespace intercept

// What VMRUN and #VMEXIT do with the virtual interrupt, offset 0x60.
namespace virtual_interrupt {
inline constexpr std::uint64_t task_priority = 0xff;
inline constexpr std::uint64_t pending = 1 << 8;
inline constexpr std::uint64_t highest_priority = 15 << 16;
inline constexpr std::uint64_t ignore_task_priority = 1 << 20;
inline constexpr std::uint64_t masks_physical = 1 << 24;   // V_INTR_MASKING: EFLAGS.IF of the guest masks virtual ones only
}   // namespace virtual_interrupt

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

enum class FlushOf : std::uint8_t { nothing = 0, everything = 1, this_guest = 3 };   // TLB_CONTROL, offset 0x5c

struct Control {
    Intercepts intercepts;   // 0x000
    std::array<std::byte, 0x3c - 0x18> reserved_18{};
    std::uint16_t pause_threshold = 0, pause_count = 0;
    std::uint64_t port_permissions = 0;   // 0x040, physical: 12 KiB, a bit each
    std::uint64_t msr_permissions = 0;   // 0x048, physical: 8 KiB, two bits each
    std::uint64_t tsc_offset = 0;
    std::uint32_t asid = 0;   // 0x058
    FlushOf flush = FlushOf::nothing;
    std::array<std::byte, 3> reserved_5d{};
    std::uint64_t virtual_interrupt = 0;   // 0x060; bits 32 to 39: its vector
    std::uint64_t interrupt_shadow = 0;   // 0x068, bit 0
    std::uint64_t exit_code = 0;   // 0x070
    std::uint64_t exit_info_1 = 0, exit_info_2 = 0;
    Event exit_event;   // 0x088: what was being delivered
    std::uint64_t nested_paging = 0;   // 0x090, bit 0
    std::array<std::byte, 0xa8 - 0x98> reserved_98{};
    Event event;   // 0x0a8: to be delivered
    std::uint64_t nested_root = 0;   // 0x0b0, physical
    std::uint64_t last_branches = 0;
    std::uint32_t clean = 0;   // 0x0c0
    std::uint32_t reserved_c4 = 0;
    std::uint64_t next_rip = 0;   // 0x0c8, where the processor saves it
    std::uint8_t fetched_bytes = 0;   // 0x0d0, with decode assists
    std::array<std::uint8_t, 15> instruction{};
    std::array<std::byte, 0x400 - 0xe0> reserved_e0{};
};
static_assert(offsetof(Control, port_permissions) == 0x40 && offsetof(Control, asid) == 0x58);
static_assert(offsetof(Control, virtual_interrupt) == 0x60 && offsetof(Control, exit_code) == 0x70);
static_assert(offsetof(Control, exit_event) == 0x88 && offsetof(Control, nested_paging) == 0x90);
static_assert(offsetof(Control, event) == 0xa8 && offsetof(Control, nested_root) == 0xb0 &&
              offsetof(Control, next_rip) == 0xc8);
static_assert(sizeof(Control) == 0x400);

// A segment register with its hidden part. `attributes` are bits 8 to 15 and 20 to 23 of a descriptor's high word.
struct Segment {
    std::uint16_t selector = 0, attributes = 0;
    std::uint32_t limit = 0;
    std::uint64_t base = 0;
};
static_assert(sizeof(Segment) == 16);

struct Save {
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
static_assert(offsetof(Save, cpl) == 0xcb && offsetof(Save, efer) == 0xd0 && offsetof(Save, cr4) == 0x148);
static_assert(offsetof(Save, rip) == 0x178 && offsetof(Save, rsp) == 0x1d8 && offsetof(Save, rax) == 0x1f8);
static_assert(offsetof(Save, cr2) == 0x240 && offsetof(Save, page_attributes) == 0x268);
static_assert(sizeof(Save) == 0xc00);

struct alignas(page_size) Vmcb {
    Control control;
    Save save;
};
static_assert(sizeof(Vmcb) == page_size);

// Why the guest was left: APM 2, appendix C.
namespace exit_code {
inline constexpr std::uint64_t read_cr0 = 0x00, write_cr0 = 0x10, read_dr0 = 0x20, write_dr0 = 0x30;
inline constexpr std::uint64_t exception = 0x40;   // and its vector
inline constexpr std::uint64_t interrupt = 0x60, nmi = 0x61, smi = 0x62, init = 0x63, virtual_interrupt = 0x64,
                               selective_cr0_write = 0x65, cpuid = 0x72, iret = 0x74, invd = 0x76, hlt = 0x78, invlpga = 0x7a,
                               port = 0x7b, msr = 0x7c, task_switch = 0x7d, shutdown = 0x7f, vmmcall = 0x81, wbinvd = 0x89,
                               monitor = 0x8a, mwait = 0x8b, xsetbv = 0x8d, nested_page_fault = 0x400;
inline constexpr std::uint64_t invalid = ~std::uint64_t{0};
}   // namespace exit_code

}   // namespace basalt::svm
