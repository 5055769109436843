// Intel's VMX on this machine's CPUs: what they can do, switched on, and the VMCS by name. SDM 3C, chapters 23 to 27; fields
// are numbered in SDM 3D, appendix B, capabilities told in appendix A.
#pragma once

#include <cstdint>

#include "machine/registers.hpp"

namespace basalt::vmx {

// Control words, as every guest runs with them; the bits beside them come and go. SDM 3C 24.6 to 24.8.
struct Controls {
    std::uint32_t pin = 0, primary = 0, secondary = 0, exit = 0, entry = 0;
};

struct Capabilities {
    bool used = false;   // there, with all that guests need, wished, and not switched off by the firmware
    std::uint32_t revision = 0;
    Controls controls;
};

// By the first CPU, once. Why guests are not had is told in the log.
Capabilities capabilities(bool wanted, bool has_rdtscp);

// On every CPU, when what it runs with has been set. Nothing where VMX is not used.
void switch_on();

namespace primary {
inline constexpr std::uint32_t interrupt_window = 1 << 2, hlt = 1 << 7, mwait = 1 << 10, rdpmc = 1 << 11, cr8_load = 1 << 19,
                               cr8_store = 1 << 20, nmi_window = 1 << 22, port_maps = 1 << 25, msr_map = 1 << 28,
                               monitor = 1 << 29, secondary = std::uint32_t{1} << 31;
}
namespace entry {
inline constexpr std::uint32_t debug = 1 << 2, long_mode = 1 << 9, page_attributes = 1 << 14, efer = 1 << 15;
}

// clang-format off: a table
enum class Field : std::uint32_t {
    vpid = 0x0000,
    guest_es = 0x0800, guest_cs = 0x0802, guest_ss = 0x0804, guest_ds = 0x0806, guest_fs = 0x0808, guest_gs = 0x080a,
    guest_ldtr = 0x080c, guest_tr = 0x080e,
    host_es = 0x0c00, host_cs = 0x0c02, host_ss = 0x0c04, host_ds = 0x0c06, host_fs = 0x0c08, host_gs = 0x0c0a, host_tr = 0x0c0c,
    port_map_low = 0x2000, port_map_high = 0x2002, msr_map = 0x2004, nested_root = 0x201a,
    guest_physical = 0x2400,
    link = 0x2800, guest_debug_control = 0x2802, guest_page_attributes = 0x2804, guest_efer = 0x2806, guest_pdpte = 0x280a,
    host_page_attributes = 0x2c00, host_efer = 0x2c02,
    pin_controls = 0x4000, primary_controls = 0x4002, exceptions = 0x4004, page_fault_mask = 0x4006, page_fault_match = 0x4008,
    exit_controls = 0x400c, exit_msr_stores = 0x400e, exit_msr_loads = 0x4010, entry_controls = 0x4012, entry_msr_loads = 0x4014,
    entry_event = 0x4016, entry_error_code = 0x4018, entry_length = 0x401a, secondary_controls = 0x401e,
    instruction_error = 0x4400, reason = 0x4402, exit_event = 0x4404, exit_error_code = 0x4406, vectoring = 0x4408,
    vectoring_error_code = 0x440a, length = 0x440c,
    guest_limits = 0x4800, guest_gdtr_limit = 0x4810, guest_idtr_limit = 0x4812,
    guest_attributes = 0x4814, guest_interruptibility = 0x4824, guest_activity = 0x4826, guest_sysenter_cs = 0x482a,
    host_sysenter_cs = 0x4c00,
    cr0_mask = 0x6000, cr4_mask = 0x6002, cr0_shadow = 0x6004, cr4_shadow = 0x6006,
    qualification = 0x6400,
    guest_cr0 = 0x6800, guest_cr3 = 0x6802, guest_cr4 = 0x6804,
    guest_bases = 0x6806, guest_gdtr_base = 0x6816, guest_idtr_base = 0x6818, guest_dr7 = 0x681a, guest_rsp = 0x681c,
    guest_rip = 0x681e, guest_rflags = 0x6820, guest_pending_debug = 0x6822, guest_sysenter_esp = 0x6824, guest_sysenter_eip = 0x6826,
    host_cr0 = 0x6c00, host_cr3 = 0x6c02, host_cr4 = 0x6c04, host_fs_base = 0x6c06, host_gs_base = 0x6c08, host_tr_base = 0x6c0a,
    host_gdtr_base = 0x6c0c, host_idtr_base = 0x6c0e, host_sysenter_esp = 0x6c10, host_sysenter_eip = 0x6c12, host_rsp = 0x6c14,
    host_rip = 0x6c16,
};
// clang-format on

// The one of several alike: selectors, limits, attributes and bases follow each other two numbers apart, ES CS SS DS FS GS LDTR
// TR.
constexpr Field nth(Field first, unsigned index) { return static_cast<Field>(static_cast<std::uint32_t>(first) + 2 * index); }

inline std::uint64_t read(Field field) {
    std::uint64_t value;
    asm volatile("vmread %1, %0" : "=r"(value) : "r"(static_cast<std::uint64_t>(field)) : "cc");
    return value;
}
inline void write(Field field, std::uint64_t value) {
    asm volatile("vmwrite %1, %0" : : "r"(static_cast<std::uint64_t>(field)), "r"(value) : "cc", "memory");
}
inline void make_current(std::uint64_t vmcs) { asm volatile("vmptrld %0" : : "m"(vmcs) : "cc", "memory"); }
// What the processor keeps of it is in memory, and it has not been launched.
inline void put_away(std::uint64_t vmcs) { asm volatile("vmclear %0" : : "m"(vmcs) : "cc", "memory"); }
// All that this CPU has learnt by nested tables, whosever. SDM 3C 28.3.3.1: INVEPT, all contexts.
inline void forget_nested() {
    struct {
        std::uint64_t root, reserved;
    } const nobody{};
    asm volatile("invept %0, %1" : : "m"(nobody), "r"(std::uint64_t{2}) : "cc", "memory");
}

// Why a guest was left: SDM 3C, appendix C.
namespace reason {
inline constexpr std::uint32_t exception = 0, interrupt = 1, triple_fault = 2, init = 3, start_up = 4, interrupt_window = 7,
                               nmi_window = 8, task_switch = 9, cpuid = 10, hlt = 12, invd = 13, vmcall = 18,
                               control_register = 28, port = 30, read_msr = 31, write_msr = 32, bad_state = 33, bad_msr = 34,
                               machine_check_at_entry = 41, nested_fault = 48, wbinvd = 54, xsetbv = 55;
inline constexpr std::uint32_t entry_failed = std::uint32_t{1} << 31;
}   // namespace reason

extern "C" {
// vmx_enter.S. Not functions: whoever runs here is entered; where the processor goes on behind an exit.
void enter_vmx_guest();
void vmx_exit_point();
// Supplied by guests/: as svm_guest_left(); what the VMCS has to hold now, and whether it has been launched; the processor
// has refused it, and nothing of the guest was entered.
void vmx_guest_left(Registers&);
bool vmx_before_entry(Registers&);
void vmx_entry_refused(Registers&);
}

}   // namespace basalt::vmx
