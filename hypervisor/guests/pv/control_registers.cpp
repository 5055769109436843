#include "guests/pv/control_registers.hpp"

#include <array>

#include "abi/cpuid.hpp"
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "guests/policy/cpu_policy.hpp"
#include "guests/pv/doors.hpp"
#include "guests/pv/fpu_use.hpp"
#include "guests/policy/machine_policy.hpp"
#include "guests/pv/roots.hpp"
#include "machine/features.hpp"
#include "machine/fpu.hpp"
#include "machine/instructions.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

// The guest's choices: which of them a domain has is its policy's to say.
struct Choice {
    std::uint64_t bit;
    unsigned feature;
};
constexpr auto choices = std::to_array<Choice>({
    {cr4::no_tsc, XEN_X86_FEATURE_TSC},
    {cr4::debug_extensions, XEN_X86_FEATURE_DE},
    {cr4::fsgsbase, XEN_X86_FEATURE_FSGSBASE},
    {cr4::xsave, XEN_X86_FEATURE_XSAVE},
});

// Of these the CPU knows. XSAVE is always on there, for Basalt's own use: what the guest's choice decides is XCR0.
constexpr std::uint64_t choices_in_cpu = cr4::no_tsc | cr4::debug_extensions | cr4::fsgsbase;

// On whatever is chosen, and shown so.
constexpr std::uint64_t always_shown = cr4::physical_extension | cr4::machine_check | cr4::fxsave | cr4::simd_exceptions;

bool write_guest_cr0(std::uint64_t value) {
    if ((value & ~cr0::task_switched) != wanted_cr0) return false;
    set_guest_task_switched((value & cr0::task_switched) != 0);
    return true;
}

Carried write_cr3_for(Vcpu& vcpu, std::uint64_t value) {
    paging::Budget budget;
    const Step<> step = change_kernel_root(vcpu, mfn_of(value), budget);
    return step.again() != nullptr ? Carried::go_on : finished_if(step.done());
}

}  // namespace

std::optional<std::uint64_t> read_control_register(const Vcpu& vcpu, unsigned number) {
    const PvVcpu& pv = pv::of(vcpu);
    switch (number) {
        case 0: return wanted_cr0 | (pv.fpu_task_switched ? cr0::task_switched : 0);
        case 2: return vcpu.events.info() != nullptr ? vcpu.events.info()->arch.cr2 : 0;
        case 3: return physical_of(pv.kernel_root);
        case 4: return pv.cr4;
        default: return std::nullopt;
    }
}

Carried write_control_register(unsigned number, std::uint64_t value) {
    Vcpu& vcpu = running();
    switch (number) {
        case 0: return finished_if(write_guest_cr0(value));
        case 2:
            if (vcpu_info* info = vcpu.events.info()) info->arch.cr2 = value;
            return Carried::finished;
        case 3: return write_cr3_for(vcpu, value);
        case 4:
            pv::of(vcpu).cr4 = permitted_cr4(vcpu.domain, value);
            load_control_registers(vcpu);
            return Carried::finished;
        default: return Carried::refused;
    }
}

// SDM 1 13.3: x87 is always on, AVX needs SSE; the rest as the domain is offered it.
bool set_guest_xcr(std::uint32_t number, std::uint64_t value) {
    Vcpu& vcpu = running();
    constexpr std::uint64_t x87 = 1, sse = 2, avx = 4, avx512 = 0xe0;
    if (number != 0 || !features().xsave || (pv::of(vcpu).cr4 & cr4::xsave) == 0) return false;
    const std::uint64_t offered = policy::state_bits_of(policy::policy_of(vcpu.domain), policy::machine_offer(GuestKind::pv));
    if ((value & x87) == 0 || (value & ~offered) != 0) return false;
    if ((value & avx) != 0 && (value & sse) == 0) return false;
    if ((value & avx512) != 0 && ((value & avx512) != avx512 || (value & avx) == 0)) return false;
    pv::of(vcpu).xcr0 = value;
    load_control_registers(vcpu);
    return true;
}

std::uint64_t permitted_cr4(const Domain& domain, std::uint64_t wanted) {
    const CpuPolicy& policy = policy::policy_of(domain);
    std::uint64_t value = features().cr4_wanted & always_shown;
    for (const Choice& choice : choices)
        if (policy::offers(policy, choice.feature)) value |= wanted & choice.bit;
    return value;
}

void Doors::follow_policy(Vcpu& vcpu) { of(vcpu).cr4 = permitted_cr4(vcpu.domain, of(vcpu).cr4); }

std::uint64_t real_cr4(const Vcpu& vcpu) {
    const std::uint64_t trapped = vcpu.domain.cpus().tsc_is_emulated() ? cr4::no_tsc : 0;
    return features().cr4_wanted | trapped | (pv::of(vcpu).cr4 & choices_in_cpu);
}

// A kernel that has switched XSAVE off saves x87 and SSE: no other component is left on for its user mode.
std::uint64_t real_xcr0(const PvVcpu& pv) {
    constexpr std::uint64_t x87_and_sse = 3;
    return (pv.cr4 & cr4::xsave) != 0 ? pv.xcr0 : x87_and_sse;
}

void load_control_registers(const Vcpu& vcpu) {
    set_cr4(real_cr4(vcpu));
    if (features().xsave) set_xcr0(real_xcr0(pv::of(vcpu)));
}

}  // namespace basalt::pv
