// A vcpu of a PV guest: what its kernel has told us about it, and what we keep of it while it does not run. Only the CPU
// that runs the vcpu, or whoever has stopped it, touches this; so there is no lock. guests/ alone may include this header (and
// machine/offsets.cpp, for guests' assembler): the other rooms see a Vcpu, and ask by the doors of domain/doors.hpp.
//
// General registers, rip, cs, rflags, rsp and ss are in machine::Registers; while the vcpu runs, segment
// selectors and bases and the FPU are in the CPU, and here only after a context switch. Control and debug registers are
// always here. Setting one changes this record; a CPU takes it over by the switch to the vcpu, or at once where it runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "abi/xen.hpp"
#include "core/assert.hpp"
#include "core/layout.hpp"
#include "core/number.hpp"
#include "domain/vcpu.hpp"
#include "formats/page_entry.hpp"
#include "memory/frame_reference.hpp"
#include "pv_vcpu/parts.hpp"
#include "toolchain/configuration.hpp"

namespace basalt {

// The first pages of a vcpu's GDT are the guest's; the last two are ours.
inline constexpr std::size_t guest_gdt_pages = FIRST_RESERVED_GDT_PAGE;
inline constexpr std::uint32_t most_gdt_entries = guest_gdt_pages * page_size / 8;
inline constexpr std::uint32_t most_ldt_entries = 8192;

// Room for every state component that a guest may have (x87 to PKRU, with AVX-512), without AMX.
inline constexpr std::size_t fpu_area_bytes = 2752;

// The L4 tables of a vcpu's two modes. Each is held in use for as long as CR3 may come to hold it.
struct Roots {
    FrameUse kernel;
    FrameUse user;   // empty: user mode is not set up
};

class PvVcpu final : public Vcpu {
public:
    PvVcpu(Domain& owner, VcpuId number);

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
    Mfn kernel_root = no_mfn;            // L4 of kernel mode; roots.kernel holds it
    Mfn user_root = no_mfn;              // L4 of user mode; none: user mode cannot be entered
    Roots roots;

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

namespace pv {

// The doors come here for vcpus of PV guests alone.
inline PvVcpu& of(Vcpu& vcpu) {
    if constexpr (configuration::checked_build) ASSERT(vcpu.kind == GuestKind::pv);
    return static_cast<PvVcpu&>(vcpu);
}
inline const PvVcpu& of(const Vcpu& vcpu) {
    if constexpr (configuration::checked_build) ASSERT(vcpu.kind == GuestKind::pv);
    return static_cast<const PvVcpu&>(vcpu);
}

}  // namespace pv
}  // namespace basalt
