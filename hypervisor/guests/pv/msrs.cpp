#include "guests/pv/msrs.hpp"

#include "domain/domain.hpp"
#include "guests/pv/hypercall_page.hpp"
#include "guests/pv/traps.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/page_entry.hpp"
#include "paging/take.hpp"

namespace basalt::pv {
namespace {

// SDM 4 table 2-2, APM 2 appendix A.
namespace number {
constexpr std::uint32_t misc_enable = 0x1a0;
constexpr std::uint32_t first_bank = 0x400;
constexpr std::uint32_t end_of_banks = 0x408;
constexpr std::uint32_t amd_counters = 0xc0010000;
constexpr std::uint32_t amd_counters_end = 0xc0010008;
constexpr std::uint32_t amd_hardware_configuration = 0xc0010015;
constexpr std::uint32_t amd_decode_configuration = 0xc0011029;
}  // namespace number

// Where CPUID leaf 0x40000002 says that a hypercall page may be asked for.
constexpr std::uint32_t hypercall_page_msr = XEN_CPUID_FIRST_LEAF;

bool place_hypercall_page(Vcpu& vcpu, std::uint64_t value) {
    if (value % page_size != 0) return false;   // the low bits choose a page, and there is one
    auto use = paging::take_writable(mfn_of(value), vcpu.domain.memory);
    if (!use) return false;
    write_hypercall_page(static_cast<std::byte*>(layout::direct(use->mfn())));
    return true;
}

constexpr std::uint64_t apic_enabled = 1 << 11;
constexpr std::uint64_t apic_boot_cpu = 1 << 8;
constexpr std::uint64_t apic_place = 0xfee0'0000;
constexpr std::uint64_t banks = 2;   // machine-check banks that a guest sees, as on Xen
constexpr std::uint64_t efer_shown = 0xd01;   // SCE, LME, LMA, NXE
constexpr std::uint64_t lfence_serialises = 1 << 1;
constexpr std::uint64_t tsc_runs_at_p0 = 1 << 24;

constexpr bool is_bank(std::uint32_t msr) { return msr >= number::first_bank && msr < number::end_of_banks; }
constexpr bool is_counter(std::uint32_t msr) {
    return msr >= number::amd_counters && msr < number::amd_counters_end;
}

// CTL of a bank reads all ones, the others nothing to report.
std::uint64_t bank_register(std::uint32_t msr) { return msr % 4 == 0 ? ~std::uint64_t{0} : 0; }

}  // namespace

bool caches_matter(const Vcpu& vcpu) { return vcpu.domain.privileged; }

std::optional<std::uint64_t> read_guest_msr(const Vcpu& vcpu, std::uint32_t msr) {
    if (is_bank(msr)) return bank_register(msr);
    const bool amd = features().vendor == Vendor::amd;
    if (amd && is_counter(msr)) return 0;
    switch (msr) {
        case msr::tsc: return read_tsc();
        case msr::apic_base: return apic_enabled | apic_place | (vcpu.id.raw == 0 ? apic_boot_cpu : 0);
        case msr::microcode_revision: return try_read_msr(msr);
        case msr::machine_check_capability: return banks;
        case msr::machine_check_status: return 0;
        case msr::page_attributes: return page_attribute_table;
        case msr::efer: return read_msr(msr) & efer_shown;
        case msr::fs_base: return read_fs_base();
        case msr::gs_base: return read_gs_base();
        case msr::gs_base_behind_swap: return read_gs_base_behind_swap();
        case msr::tsc_aux: return features().rdtscp ? std::optional<std::uint64_t>(0) : std::nullopt;
        case number::misc_enable: return amd ? std::nullopt : try_read_msr(msr);
        case number::amd_hardware_configuration:
            return amd ? std::optional<std::uint64_t>(tsc_runs_at_p0) : std::nullopt;
        case number::amd_decode_configuration:
            return amd ? std::optional<std::uint64_t>(lfence_serialises) : std::nullopt;
        default: return std::nullopt;
    }
}

bool write_guest_msr(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    switch (msr) {
        case msr::fs_base:
            if (!is_canonical(value)) return false;
            write_fs_base(value);
            return true;
        case msr::gs_base:
            if (!is_canonical(value)) return false;
            write_gs_base(value);
            return true;
        case msr::gs_base_behind_swap:
            if (!is_canonical(value)) return false;
            write_gs_base_behind_swap(value);
            return true;
        case hypercall_page_msr: return place_hypercall_page(vcpu, value);
        case msr::efer: return ((value ^ read_msr(msr)) & efer_shown) == 0;
        case msr::page_attributes: return value == page_attribute_table;
        case msr::microcode_revision:
        case msr::machine_check_status:
        case number::misc_enable:
        case number::amd_hardware_configuration:
        case number::amd_decode_configuration: break;
        default:
            if (!is_bank(msr) && !is_counter(msr)) return false;
    }
    return read_guest_msr(vcpu, msr).has_value();   // where there is such a register, the write is forgotten
}

}  // namespace basalt::pv
