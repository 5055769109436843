#include "guests/pv/msrs.hpp"

#include "abi/cpuid.hpp"
#include "domain/domain.hpp"
#include "guests/policy/cpu_policy.hpp"
#include "guests/pv/hypercall_page.hpp"
#include "guests/policy/machine_policy.hpp"
#include "guests/pv/traps.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/page_entry.hpp"
#include "paging/take.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

// SDM 4 table 2-2, APM 2 appendix A.
namespace number {
constexpr std::uint32_t pentium_check_address = 0x0;
constexpr std::uint32_t pentium_check_type = 0x1;
constexpr std::uint32_t platform_information = 0xce;
constexpr std::uint32_t feature_enables = 0x140;
constexpr std::uint32_t performance_capabilities = 0x345;
constexpr std::uint32_t first_bank = 0x400;
constexpr std::uint32_t end_of_banks = 0x408;
constexpr std::uint32_t amd_counters = 0xc0010000;
constexpr std::uint32_t amd_counters_end = 0xc0010008;
constexpr std::uint32_t amd_hardware_configuration = 0xc0010015;
}  // namespace number

// Where CPUID leaf 0x40000002 says that a hypercall page may be asked for.
constexpr std::uint32_t hypercall_page_msr = XEN_CPUID_FIRST_LEAF;

Carried place_hypercall_page(Vcpu& vcpu, std::uint64_t value) {
    if (value % page_size != 0) return Carried::refused;   // the low bits choose a page, and there is one
    auto use = paging::take_writable(mfn_of(value), vcpu.domain.memory);
    if (!use) return use.error() == Error::again ? Carried::go_on : Carried::refused;
    write_hypercall_page(static_cast<std::byte*>(layout::direct(use->mfn())));
    return Carried::finished;
}

constexpr std::uint64_t apic_enabled = 1 << 11;
constexpr std::uint64_t apic_boot_cpu = 1 << 8;
constexpr std::uint64_t apic_place = 0xfee0'0000;
constexpr std::uint64_t banks = 2;   // machine-check banks that a guest sees, as on Xen
constexpr std::uint64_t lfence_serialises = 1 << 1;
constexpr std::uint64_t tsc_runs_at_p0 = 1 << 24;
// IA32_MISC_ENABLE: no counters of performance, no MONITOR; no branch trace, no event sampling, no xTPR messages.
constexpr std::uint64_t not_for_guests = 1 << 7 | 1 << 18;
constexpr std::uint64_t unavailable = 1 << 11 | 1 << 12 | 1 << 23;

constexpr bool is_bank(std::uint32_t msr) { return msr >= number::first_bank && msr < number::end_of_banks; }
constexpr bool is_counter(std::uint32_t msr) { return msr >= number::amd_counters && msr < number::amd_counters_end; }

bool has_tsc_aux(const Domain& domain) {
    const CpuPolicy& policy = policy::policy_of(domain);
    return policy::offers(policy, XEN_X86_FEATURE_RDTSCP) || policy::offers(policy, XEN_X86_FEATURE_RDPID);
}

bool set_tsc_aux(Vcpu& vcpu, std::uint64_t value) {
    if (!has_tsc_aux(vcpu.domain) || value > ~std::uint32_t{0}) return false;
    pv::of(vcpu).tsc_aux = static_cast<std::uint32_t>(value);
    load_tsc_aux(vcpu);
    return true;
}

std::optional<std::uint64_t> misc_enable() {
    const auto found = try_read_msr(msr::misc_enable);
    return found ? std::optional((*found & ~not_for_guests) | unavailable) : std::nullopt;
}

// CTL of a bank reads all ones, the others nothing to report.
std::uint64_t bank_register(std::uint32_t msr) { return msr % 4 == 0 ? ~std::uint64_t{0} : 0; }

}  // namespace

void load_tsc_aux(const Vcpu& vcpu) { basalt::set_tsc_aux(pv::of(vcpu).tsc_aux); }

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
        case msr::machine_check_status:
        case msr::machine_check_control:
        case number::pentium_check_address:
        case number::pentium_check_type:
        case number::platform_information:
        case number::feature_enables:
        case number::performance_capabilities:
        case hypercall_page_msr: return 0;
        case msr::page_attributes: return page_attribute_table;
        case msr::efer: return wanted_efer;
        case msr::fs_base: return read_fs_base();
        case msr::gs_base: return read_gs_base();
        case msr::gs_base_behind_swap: return read_gs_base_behind_swap();
        case msr::tsc_aux: return has_tsc_aux(vcpu.domain) ? std::optional<std::uint64_t>(pv::of(vcpu).tsc_aux) : std::nullopt;
        case msr::misc_enable: return misc_enable();
        case number::amd_hardware_configuration:
            if (!amd) return std::nullopt;
            return policy::offers(policy::policy_of(vcpu.domain), XEN_X86_FEATURE_ITSC) ? tsc_runs_at_p0 : 0;
        case msr::amd_decode_configuration:
            if (!amd) return std::nullopt;
            return features().lfence_serialises ? lfence_serialises : 0;
        default: return std::nullopt;
    }
}

namespace {

// At once.
bool write_register(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
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
        case msr::tsc_aux: return set_tsc_aux(vcpu, value);
        case msr::efer: return ((value ^ wanted_efer) & wanted_efer) == 0;
        case number::feature_enables: return value == 0;
        // SDM 3A 10.11.7.1: where it is Intel's, kernels write 0 before they read it.
        case msr::microcode_revision: return features().vendor == Vendor::intel && value == 0;
        case msr::machine_check_capability:
        case msr::machine_check_status:
        case msr::machine_check_control:
        case msr::misc_enable:
        case number::amd_hardware_configuration:
        case msr::amd_decode_configuration: break;
        default:
            if (!is_bank(msr) && !is_counter(msr)) return false;
    }
    return read_guest_msr(vcpu, msr).has_value();   // where there is such a register, the write is forgotten
}

}  // namespace

Carried write_guest_msr(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value) {
    return msr == hypercall_page_msr ? place_hypercall_page(vcpu, value) : finished_if(write_register(vcpu, msr, value));
}

}  // namespace basalt::pv
