#include "guests/pv/control_registers.hpp"

#include "domain/domain.hpp"
#include "guests/pv/cpu_policy.hpp"
#include "guests/pv/fpu_use.hpp"
#include "guests/pv/machine_policy.hpp"
#include "guests/pv/roots.hpp"
#include "machine/features.hpp"
#include "machine/fpu.hpp"
#include "machine/instructions.hpp"

namespace basalt::pv {
namespace {

// Bits that are the guest's choice. Only the first reaches the CPU, where the others are always on: Basalt itself
// uses RDFSBASE and XSAVE.
constexpr std::uint64_t guest_choice = cr4::no_tsc | cr4::debug_extensions | cr4::fsgsbase | cr4::xsave;

bool write_cr0_for(Vcpu& vcpu, std::uint64_t value) {
    if (((value ^ read_cr0()) & ~cr0::task_switched) != 0) return false;
    set_guest_task_switched(vcpu, (value & cr0::task_switched) != 0);
    return true;
}

}  // namespace

std::optional<std::uint64_t> read_control_register(const Vcpu& vcpu, unsigned number) {
    const PvVcpu& pv = vcpu.pv;
    switch (number) {
        case 0: return (read_cr0() & ~cr0::task_switched) | (pv.fpu_task_switched ? cr0::task_switched : 0);
        case 2: return vcpu.events.info() != nullptr ? vcpu.events.info()->arch.cr2 : 0;
        case 3: return physical_of(pv.kernel_root);
        case 4: return pv.cr4;
        default: return std::nullopt;
    }
}

bool write_control_register(Vcpu& vcpu, unsigned number, std::uint64_t value) {
    switch (number) {
        case 0: return write_cr0_for(vcpu, value);
        case 2:
            if (vcpu_info* info = vcpu.events.info()) info->arch.cr2 = value;
            return true;
        case 3: return change_kernel_root(vcpu, mfn_of(value)).has_value();
        case 4:
            vcpu.pv.cr4 = permitted_cr4(value);
            load_cr4(vcpu);
            return true;
        default: return false;
    }
}

// SDM 1 13.3: x87 is always on, AVX needs SSE; the rest as the domain is offered it.
bool set_guest_xcr(Vcpu& vcpu, std::uint32_t number, std::uint64_t value) {
    constexpr std::uint64_t x87 = 1, sse = 2, avx = 4, avx512 = 0xe0;
    if (number != 0 || !features().xsave || (vcpu.pv.cr4 & cr4::xsave) == 0) return false;
    const std::uint64_t offered = state_bits_of(policy_of(vcpu.domain), machine_offer());
    if ((value & x87) == 0 || (value & ~offered) != 0) return false;
    if ((value & avx) != 0 && (value & sse) == 0) return false;
    if ((value & avx512) != 0 && ((value & avx512) != avx512 || (value & avx) == 0)) return false;
    vcpu.pv.xcr0 = value;
    set_xcr0(value);
    return true;
}

std::uint64_t permitted_cr4(std::uint64_t wanted) {
    std::uint64_t choice = guest_choice;
    if (!features().fsgsbase) choice &= ~cr4::fsgsbase;
    if (!features().xsave) choice &= ~cr4::xsave;
    return (guest_cr4() & ~guest_choice) | (wanted & choice);
}

void load_cr4(const Vcpu& vcpu) {
    const std::uint64_t now = read_cr4();
    const std::uint64_t wanted = (now & ~cr4::no_tsc) | (vcpu.pv.cr4 & cr4::no_tsc);
    if (now != wanted) write_cr4(wanted);
}

}  // namespace basalt::pv
