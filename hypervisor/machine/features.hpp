// What this machine's CPUs can do, asked once. Every CPU must have what the first one has.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/control_registers.hpp"
#include "machine/vmx.hpp"

namespace basalt {

enum class Vendor : std::uint8_t { intel, amd, other };

// What every CPU runs with, whatever the firmware has left; CR0 beside TS, which is the running guest's.
inline constexpr std::uint64_t wanted_cr0 = cr0::paging | cr0::alignment_mask | cr0::write_protect | cr0::numeric_error |
                                            cr0::extension_type | cr0::monitor_coprocessor | cr0::protected_mode;
inline constexpr std::uint64_t wanted_efer = efer::system_calls | efer::long_mode | efer::long_mode_active | efer::no_execute;

// AMD's extensions for guests in ring 0 of a machine of their own. APM 2 15.4; APM 3, CPUID 8000000A.
struct Svm {
    bool used = false;              // there, with nested paging, wished, and not switched off by the firmware
    bool next_rip = false;          // exits tell where the next instruction begins
    bool decode_assists = false;
    bool flush_by_asid = false;
    std::uint32_t asids = 0;        // tags of translations, 0 (the host's) included
};

struct Features {
    Vendor vendor = Vendor::other;
    bool emulated_by_tcg = false;
    unsigned physical_bits = 36;
    std::uint64_t cr4_wanted = 0;       // what every CPU runs with, beside what the running guest has chosen

    bool no_execute = false;
    bool gigabyte_pages = false;
    bool smep = false;
    bool smap = false;                  // present and used: under TCG, which gets ring 3 wrong, only if wanted
    bool umip = false;
    bool fsgsbase = false;
    bool pcid = false;
    bool xsave = false;
    bool xsaveopt = false;
    bool xsavec = false;
    bool x2apic = false;
    bool tsc_deadline = false;
    bool invariant_tsc = false;
    bool rdtscp = false;
    bool lfence_serialises = false;     // AMD: LFENCE waits for what is before it, always or because it was switched on
    bool machine_check = false;
    bool monitor = false;
    bool vmx = false;
    Svm svm;
    vmx::Capabilities vmx_guests;
    bool next_rip = false;              // exits of hardware-assisted guests tell where the next instruction begins
    std::uint32_t guest_tags = 0;       // of translations, 0 (the host's) included

    bool hardware_guests() const { return svm.used || vmx_guests.used; }
    std::uint64_t efer_wanted = wanted_efer;   // what every CPU runs with
    std::uint64_t xsave_bits = 0;       // XCR0 as every CPU runs with
};

const Features& features();

// Once, by the first CPU.
struct FeatureWishes {
    std::optional<bool> smap;    // nothing: where it works
    bool hardware_guests = false;
};
void find_features(const FeatureWishes& wishes);
void switch_features_on();      // on every CPU: CR0, CR4, EFER, XCR0, LFENCE
void answer_smap_option(std::optional<bool> wanted);    // whoever asked for SMAP is told what came of that

// CR4 of this CPU, written only when it changes.
void set_cr4(std::uint64_t value);
// What RDTSCP and RDPID tell guests; 0 where there is none.
void set_tsc_aux(std::uint32_t value);

}  // namespace basalt
