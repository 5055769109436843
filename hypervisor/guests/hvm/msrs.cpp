// Model-specific registers that are not the guest's alone: what stock Xen answers on AMD's, which is the referee's list of what
// kernels ask for.
#include "guests/hvm/control_registers.hpp"
#include "guests/hvm/exits.hpp"
#include "guests/hvm/hypercall_page.hpp"
#include "guests/hvm/inject.hpp"
#include "guests/hvm/local_apic.hpp"
#include "guests/policy/machine_policy.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/msr.hpp"

namespace basalt::hvm {
namespace {

// SDM 4 table 2-2, APM 2 appendix A.
namespace number {
constexpr std::uint32_t pentium_check_address = 0x0;
constexpr std::uint32_t pentium_check_type = 0x1;
constexpr std::uint32_t tsc_adjust = 0x3b;
constexpr std::uint32_t platform_information = 0xce;
constexpr std::uint32_t feature_enables = 0x140;
constexpr std::uint32_t first_bank = 0x400;
constexpr std::uint32_t end_of_banks = 0x408;
constexpr std::uint32_t amd_counters = 0xc0010000;
constexpr std::uint32_t amd_counters_end = 0xc0010008;
constexpr std::uint32_t amd_core_counters = 0xc0010200;
constexpr std::uint32_t amd_core_counters_end = 0xc001020c;
constexpr std::uint32_t amd_system_configuration = 0xc0010010;
constexpr std::uint32_t amd_hardware_configuration = 0xc0010015;
constexpr std::uint32_t amd_bridge_configuration = 0xc001001f;
constexpr std::uint32_t amd_patch_loader = 0xc0010020;
constexpr std::uint32_t amd_pending_interrupt = 0xc0010055;
constexpr std::uint32_t amd_unit_configuration_3 = 0xc0011023;
constexpr std::uint32_t amd_execution_configuration = 0xc001102c;
}   // namespace number

constexpr std::uint32_t hypercall_page_msr = XEN_CPUID_FIRST_LEAF;
constexpr std::uint64_t banks = 2;   // of machine checks, which a guest sees, as on Xen
constexpr std::uint64_t lfence_serialises = 1 << 1;
constexpr std::uint64_t tsc_runs_at_p0 = 1 << 24;

constexpr bool is_bank(std::uint32_t msr) { return msr >= number::first_bank && msr < number::end_of_banks; }
// CTL of a bank reads all ones, the others nothing to report.
constexpr bool controls_bank(std::uint32_t msr) { return msr % 4 == 0; }
constexpr bool is_counter(std::uint32_t msr) {
    return (msr >= number::amd_counters && msr < number::amd_counters_end) ||
           (msr >= number::amd_core_counters && msr < number::amd_core_counters_end);
}

bool has(const HvmVcpu& vcpu, unsigned feature) { return policy::offers(policy::policy_of(vcpu.domain), feature); }
bool has_tsc_aux(const HvmVcpu& vcpu) { return has(vcpu, XEN_X86_FEATURE_RDTSCP) || has(vcpu, XEN_X86_FEATURE_RDPID); }

std::optional<std::uint64_t> read_register(HvmVcpu& vcpu, std::uint32_t number) {
    if (is_apic_register(number)) {
        const auto value = read_apic_register(vcpu, number);
        return value ? std::optional(*value) : std::nullopt;
    }
    switch (number) {
        case msr::efer: return vcpu.state().efer & ~efer::svm;
        case msr::page_attributes: return vcpu.state().page_attributes;
        case msr::tsc: return read_tsc();
        case msr::tsc_aux: return has_tsc_aux(vcpu) ? std::optional<std::uint64_t>(vcpu.tsc_aux) : std::nullopt;
        case msr::microcode_revision: return try_read_msr(number);
        case msr::machine_check_capability: return banks;
        case msr::amd_decode_configuration: return features().lfence_serialises ? lfence_serialises : 0;
        case number::amd_hardware_configuration: return has(vcpu, XEN_X86_FEATURE_ITSC) ? tsc_runs_at_p0 : 0;
        case msr::machine_check_status:
        case msr::machine_check_control:
        case msr::debug_control:
        case number::pentium_check_address:
        case number::pentium_check_type:
        case number::tsc_adjust:
        case number::platform_information:
        case number::feature_enables:
        case number::amd_system_configuration:
        case number::amd_bridge_configuration:
        case number::amd_pending_interrupt:
        case number::amd_unit_configuration_3:
        case number::amd_execution_configuration:
        case hypercall_page_msr: return 0;
        default: break;
    }
    if (is_bank(number)) return controls_bank(number) ? ~std::uint64_t{0} : 0;
    if (is_counter(number)) return 0;
    return has(vcpu, XEN_X86_FEATURE_MTRR) ? vcpu.memory_types.read(number) : std::nullopt;
}

// In the control block alone: QEMU's TCG would write it into the machine's.
bool write_page_attributes(HvmVcpu& vcpu, std::uint64_t value) {
    if (!may_be_page_attributes(value)) return false;
    vcpu.state().page_attributes = value;
    this_cpu().nested_stale = true;
    return true;
}

bool write_tsc_aux(HvmVcpu& vcpu, std::uint64_t value) {
    if (!has_tsc_aux(vcpu) || value > ~std::uint32_t{0}) return false;
    vcpu.tsc_aux = static_cast<std::uint32_t>(value);
    set_tsc_aux(vcpu.tsc_aux);
    return true;
}

bool write_register(HvmVcpu& vcpu, std::uint32_t number, std::uint64_t value) {
    if (is_apic_register(number)) return write_apic_register(vcpu, number, value).has_value();
    switch (number) {
        case msr::efer: return write_efer(vcpu, value);
        case msr::page_attributes: return write_page_attributes(vcpu, value);
        case msr::tsc_aux: return write_tsc_aux(vcpu, value);
        case hypercall_page_msr: return place_hypercall_page(vcpu.domain, value);
        case number::feature_enables: return value == 0;
        // The TSC is the machine's, at every moment: pvclock and the timers of the guest count on it.
        case msr::tsc:
        case number::tsc_adjust:
        // There is nothing behind these.
        case msr::machine_check_capability:
        case msr::machine_check_status:
        case msr::machine_check_control:
        case msr::debug_control:
        case msr::amd_decode_configuration:
        case number::amd_system_configuration:
        case number::amd_bridge_configuration:
        case number::amd_patch_loader:
        case number::amd_unit_configuration_3:
        case number::amd_execution_configuration: return true;
        default: break;
    }
    if (is_bank(number)) return controls_bank(number) || value == 0;
    if (is_counter(number)) return true;
    return has(vcpu, XEN_X86_FEATURE_MTRR) && vcpu.memory_types.write(number, value, physical_bits(vcpu.domain));
}

}   // namespace

void register_exit(HvmVcpu& vcpu) {
    Registers& registers = vcpu.registers;
    const auto number = static_cast<std::uint32_t>(registers.rcx);
    const bool writes = vcpu.exit().info_1 != 0;
    std::optional<std::uint64_t> value;
    if (writes) {
        value = static_cast<std::uint32_t>(registers.rax) | registers.rdx << 32;
        if (!write_register(vcpu, number, *value)) value.reset();
    } else {
        value = read_register(vcpu, number);
    }
    if (!value) return raise_exception(vcpu, vector::general_protection, 0);
    using instructions::Operation;
    if (!stepped_over(vcpu, writes ? Operation::write_msr : Operation::read_msr) || writes) return;
    registers.rax = static_cast<std::uint32_t>(*value), registers.rdx = *value >> 32;
}

}   // namespace basalt::hvm
