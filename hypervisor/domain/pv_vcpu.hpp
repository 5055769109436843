// What a PV guest has told us about one vcpu, and what we keep of it while it does not run. Only the CPU that runs
// the vcpu, or whoever has stopped it, touches this; so there is no lock.
//
// General registers, rip, cs, rflags, rsp and ss are in machine::Registers; while the vcpu runs, segment
// selectors and bases and the FPU are in the CPU, and here only after a context switch. Control and debug registers are
// always here. Setting one changes this record; a CPU takes it over by the switch to the vcpu, or at once where it runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/layout.hpp"
#include "core/number.hpp"
#include "formats/page_entry.hpp"
#include "hypercalls/abi.hpp"
#include "schedule/time.hpp"

namespace basalt {

// An entry point in the guest's kernel. Address 0: none registered.
struct Callback {
    std::uint64_t address = 0;
    bool masks_events = false;   // CALLBACKF_mask_events
};

// One gate of the guest's virtual IDT; cs and address are checked when it is set.
struct TrapGate {
    std::uint64_t address = 0;
    std::uint16_t cs = 0;
    std::uint8_t privilege = 0;   // of `int n`: user mode needs 3, kernel mode at least 1
    bool masks_events = false;
};

// All the segment state that instructions of ring 3 can change behind our back.
struct Segments {
    std::uint16_t ds = 0, es = 0, fs = 0, gs = 0;
    std::uint64_t fs_base = 0;
    std::uint64_t gs_base_kernel = 0;   // of guest kernel mode; in user mode it waits in the CPU's KERNEL_GS_BASE
    std::uint64_t gs_base_user = 0;
};

struct DebugRegisters {
    std::array<std::uint64_t, 4> addresses{};   // DR0-3
    std::uint64_t status = 0xffff0ff0;          // DR6
    std::uint64_t control = 0x400;              // DR7
    std::uint64_t on_ports = 0;                 // of DR7: breakpoints on ports, which never reach the CPU
};

// Counter 2 of the 8254, emulated as far as calibration goes: one-shot, started by its gate or by its count.
struct TimerChannel {
    std::uint16_t count = 0;
    std::uint16_t latched = 0;
    std::uint8_t control = 0;            // port 0x61 bits 0 and 1: gate, speaker
    bool low_byte_next = true;           // of the count being written
    bool low_read_next = true;
    bool is_latched = false;
    Instant started = never;
};

// The first pages of a vcpu's GDT are the guest's; the last two are ours.
inline constexpr std::size_t guest_gdt_pages = 14;
inline constexpr std::uint32_t most_gdt_entries = guest_gdt_pages * page_size / 8;
inline constexpr std::uint32_t most_ldt_entries = 8192;

// Room for every state component that a guest may have (x87 to PKRU, with AVX-512), without AMX.
inline constexpr std::size_t fpu_area_bytes = 2752;

struct PvVcpu {
    // Looked at by every system call.
    bool in_kernel = true;               // guest kernel mode (both modes are ring 3)
    bool failsafe_due = false;           // selectors could not be loaded: the guest is told on its next entry
    bool nmi_masked = false;             // from the entry for an NMI to the next iret
    bool fpu_task_switched = false;      // the guest's CR0.TS: its next FPU instruction is a #NM of its own
    std::uint16_t kernel_ss = 0;         // stack_switch: where traps out of user mode arrive
    std::uint64_t kernel_sp = 0;
    Callback syscall;
    Callback syscall32;
    Callback event;
    Callback failsafe;
    Mfn kernel_root = no_mfn;            // L4 of kernel mode; Vcpu::roots holds it
    Mfn user_root = no_mfn;              // L4 of user mode; none: user mode cannot be entered

    // Guest's view of control registers. Real CR0 and CR3 follow from the fields above; real CR4 from this and ours.
    std::uint64_t cr4 = 0;
    std::uint64_t xcr0 = 3;              // FPU components that the guest has switched on: x87, SSE
    std::uint32_t tsc_aux = 0;           // what its kernel lets RDTSCP and RDPID tell
    std::uint8_t iopl = 0;               // physdev_op.set_iopl
    XEN_GUEST_HANDLE(uint8) io_bitmap = {};   // physdev_op.set_iobitmap; ports the guest gave to its user mode
    std::uint32_t io_bitmap_ports = 0;

    std::uint32_t pci_address = 0;       // last written to port 0xcf8
    TimerChannel timer_channel_2;        // ports 0x42, 0x43 and 0x61, which kernels calibrate their TSC by

    Segments segments;

    DebugRegisters debug;

    // Descriptor tables. Each frame holds a descriptor-page use; entries map them at layout::gdt_of / ldt_of.
    std::array<Mfn, guest_gdt_pages> gdt_frames{};    // the first gdt_pages() count
    std::uint32_t gdt_entries = 0;
    std::uint32_t ldt_entries = 0;
    std::uint64_t ldt_base = 0;          // where the guest sees its LDT; pages are mapped when they are touched
    PageEntry* descriptor_entries = nullptr;   // our 32 level-1 entries for this vcpu: GDT pages, LDT pages
    std::size_t gdt_pages() const { return (std::size_t{gdt_entries} * 8 + page_size - 1) / page_size; }

    std::array<TrapGate, 256> traps{};

    alignas(64) std::array<std::byte, fpu_area_bytes> fpu{};   // XSAVE format, or FXSAVE where there is no XSAVE
};

}  // namespace basalt
