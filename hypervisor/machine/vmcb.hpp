// AMD's virtual machine control block, by name: APM 2, appendix B; what the fields mean is chapter 15's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/number.hpp"
#include "machine/guest_state.hpp"

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
    Exit exit;   // 0x070
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
static_assert(offsetof(Control, virtual_interrupt) == 0x60 && offsetof(Control, exit) == 0x70);
static_assert(offsetof(Control, nested_paging) == 0x90);
static_assert(offsetof(Control, event) == 0xa8 && offsetof(Control, nested_root) == 0xb0 &&
              offsetof(Control, next_rip) == 0xc8);
static_assert(sizeof(Control) == 0x400);

struct alignas(page_size) Vmcb {
    Control control;
    GuestState save;
};
static_assert(sizeof(Vmcb) == page_size);

}   // namespace basalt::svm
