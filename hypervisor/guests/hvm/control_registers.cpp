#include "guests/hvm/control_registers.hpp"

#include "guests/hvm/doors.hpp"
#include "guests/hvm/exits.hpp"
#include "guests/hvm/inject.hpp"
#include "guests/policy/machine_policy.hpp"
#include "instructions/operands.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"

namespace basalt::hvm {
namespace {

constexpr std::uint64_t settable_efer = efer::system_calls | efer::long_mode | efer::no_execute;

bool has(std::uint64_t word, std::uint64_t bit) { return (word & bit) != 0; }
bool changes(std::uint64_t one, std::uint64_t other, std::uint64_t bits) { return ((one ^ other) & bits) != 0; }

// Nothing of what the processor has learnt by the guest's tables counts any more (SDM 3A 4.10.4.1).
void forget_translations() { this_cpu().nested_stale = true; }

}   // namespace

namespace {

// Whatever its policy: every processor of 64 bits has these, and kernels that start do not ask.
constexpr std::uint64_t always_possible = cr4::no_tsc | cr4::debug_extensions | cr4::page_size_extensions |
                                          cr4::physical_extension | cr4::machine_check | cr4::global_pages |
                                          cr4::performance_counters | cr4::fxsave | cr4::simd_exceptions;

// Protection keys are left out, since their register is not switched between guests, and so are tagged translations.
struct Choice {
    unsigned feature;
    std::uint64_t bits;
};
constexpr auto choices = std::to_array<Choice>({
    {XEN_X86_FEATURE_VME, cr4::virtual_8086 | cr4::virtual_interrupts},
    {XEN_X86_FEATURE_UMIP, cr4::umip},
    {XEN_X86_FEATURE_FSGSBASE, cr4::fsgsbase},
    {XEN_X86_FEATURE_XSAVE, cr4::xsave},
    {XEN_X86_FEATURE_SMEP, cr4::smep},
    {XEN_X86_FEATURE_SMAP, cr4::smap},
});

}   // namespace

std::uint64_t possible_cr4(const Domain& domain) {
    const CpuPolicy& policy = policy::policy_of(domain);
    std::uint64_t possible = always_possible;
    for (const Choice& choice : choices)
        if (policy::offers(policy, choice.feature)) possible |= choice.bits;
    return possible;
}

unsigned physical_bits(const Domain& domain) {
    constexpr std::uint32_t sizes = 0x8000'0008;
    return policy::leaf_of(policy::policy_of(domain), policy::machine_offer(GuestKind::hvm), sizes, 0).eax & 0xff;
}

std::uint64_t possible_efer(const Domain& domain) {
    const CpuPolicy& policy = policy::policy_of(domain);
    std::uint64_t possible = 0;
    if (policy::offers(policy, XEN_X86_FEATURE_SYSCALL)) possible |= efer::system_calls;
    if (policy::offers(policy, XEN_X86_FEATURE_LM)) possible |= efer::long_mode | efer::long_mode_active;
    if (policy::offers(policy, XEN_X86_FEATURE_NX)) possible |= efer::no_execute;
    return possible;
}

bool write_cr4(HvmVcpu& vcpu, std::uint64_t value) {
    GuestState& save = vcpu.state();
    const std::uint64_t known = always_possible | save.cr4;   // most writes are about these: no need to ask the policy
    if ((value & ~known) != 0 && (value & ~possible_cr4(vcpu.domain)) != 0) return false;
    if (!has(value, cr4::physical_extension) && has(save.efer, efer::long_mode_active)) return false;
    constexpr std::uint64_t of_paging =
        cr4::page_size_extensions | cr4::physical_extension | cr4::global_pages | cr4::smep | cr4::smap;
    if (changes(value, save.cr4, of_paging)) forget_translations();
    set_cr4(vcpu, value);
    vcpu.vmx.pdptes_due = true;
    return true;
}

void set_cr4(HvmVcpu& vcpu, std::uint64_t value) {
    constexpr std::uint16_t reads = svm::intercept::cr4;
    std::uint16_t& intercepted = vcpu.vmcb.control.intercepts.cr_reads;
    vcpu.state().cr4 = value | cr4::machine_check;
    vcpu.hides_machine_check = !has(value, cr4::machine_check);
    intercepted = static_cast<std::uint16_t>(vcpu.hides_machine_check ? intercepted | reads : intercepted & ~reads);
}

std::uint64_t guest_cr4(const HvmVcpu& vcpu) { return vcpu.state().cr4 & ~(vcpu.hides_machine_check ? cr4::machine_check : 0); }

// APM 2 3.1.7: LME changes only while paging is off; LMA is the processor's.
bool write_efer(HvmVcpu& vcpu, std::uint64_t value) {
    GuestState& save = vcpu.state();
    if ((value & ~possible_efer(vcpu.domain)) != 0) return false;
    if (changes(value, save.efer, efer::long_mode) && has(save.cr0, cr0::paging)) return false;
    if (changes(value, save.efer, efer::no_execute)) forget_translations();
    save.efer = (value & settable_efer) | (save.efer & efer::long_mode_active) | efer::svm;
    return true;
}

// SDM 1 13.3: x87 is always on, AVX needs SSE; the rest as the domain is offered it.
bool write_xcr0(HvmVcpu& vcpu, std::uint64_t value) {
    constexpr std::uint64_t x87 = 1, sse = 2, avx = 4, avx512 = 0xe0;
    const std::uint64_t offered = policy::state_bits_of(policy::policy_of(vcpu.domain), policy::machine_offer(GuestKind::hvm));
    if ((value & x87) == 0 || (value & ~offered) != 0) return false;
    if ((value & avx) != 0 && (value & sse) == 0) return false;
    if ((value & avx512) != 0 && ((value & avx512) != avx512 || (value & avx) == 0)) return false;
    vcpu.xcr0 = value;
    set_xcr0(value);
    return true;
}

// XSETBV, on processors that tell of it. APM 2 15.9: whether CR4 has OSXSAVE is the processor's to ask, and it has before.
void extended_control_exit(HvmVcpu& vcpu) {
    const auto number = static_cast<std::uint32_t>(vcpu.registers.rcx);
    const std::uint64_t value = static_cast<std::uint32_t>(vcpu.registers.rax) | vcpu.registers.rdx << 32;
    if (!has(vcpu.state().cr4, cr4::xsave)) return raise_exception(vcpu, vector::invalid_opcode);
    if (vcpu.state().cpl != 0 || number != 0 || !write_xcr0(vcpu, value))
        return raise_exception(vcpu, vector::general_protection, 0);
    static_cast<void>(stepped_over(vcpu, instructions::Operation::set_extended_control));
}

// Before it has run: what its state has that the policy has not is off.
void Doors::follow_policy(Vcpu& vcpu) {
    set_cr4(of(vcpu), guest_cr4(of(vcpu)) & possible_cr4(vcpu.domain));
    of(vcpu).state().efer &= possible_efer(vcpu.domain) | efer::svm;
}

namespace {

void read_control(HvmVcpu& vcpu, const instructions::Instruction& instruction) {
    vcpu.registers.rsp = vcpu.state().rsp;
    const std::uint64_t value = instruction.reg == 4 ? guest_cr4(vcpu) : vcpu.local_apic.cr8();
    instructions::write_register(vcpu.registers, instruction, instruction.rm, value);
    vcpu.state().rsp = vcpu.registers.rsp;
    stepped_over(vcpu, instruction);
}

// VMX leaves a guest some of CR0's bits only as it believes to have them (vmx_state.cpp): whoever changes one of those changes
// all of it here. SDM 3A 2.5, 4.1.2, 9.8.5.
bool write_cr0(HvmVcpu& vcpu, std::uint64_t value) {
    GuestState& state = vcpu.state();
    if (value >> 32 != 0 || (has(value, cr0::not_write_through) && !has(value, cr0::cache_disable))) return false;
    if (has(value, cr0::paging) && !has(value, cr0::protected_mode)) return false;
    const bool begins = has(value, cr0::paging) && !has(state.cr0, cr0::paging);
    const bool ends = !has(value, cr0::paging) && has(state.cr0, cr0::paging);
    constexpr std::uint16_t long_code = 1 << 9;
    const bool in_long_code = (state.cs.attributes & long_code) != 0;
    if (begins && has(state.efer, efer::long_mode)) {
        if (!has(state.cr4, cr4::physical_extension) || in_long_code) return false;
        state.efer |= efer::long_mode_active;
    }
    if (ends && has(state.efer, efer::long_mode_active)) {
        if (in_long_code) return false;
        state.efer &= ~efer::long_mode_active;
    }
    if (changes(value, state.cr0, cr0::paging | cr0::write_protect)) forget_translations();
    vcpu.vmx.pdptes_due = true;
    state.cr0 = value | cr0::extension_type;
    return true;
}

bool write_control(HvmVcpu& vcpu, unsigned number, std::uint64_t value) {
    if (number == 4) return write_cr4(vcpu, value);
    if (number == 0) return write_cr0(vcpu, value);
    constexpr std::uint64_t classes = 0xf;
    if (value > classes) return false;
    vcpu.local_apic.follow_cr8(static_cast<std::uint8_t>(value));
    return true;
}

}   // namespace

// MOV to CR0, CR4 or CR8, or from the latter two, read again where the guest was left: what there is by now is carried out, if
// it is that.
void control_register_exit(HvmVcpu& vcpu) {
    const auto instruction = instruction_at_rip(vcpu);
    if (!instruction) return;
    using instructions::Operation;
    const bool reads = instruction->operation == Operation::read_control && (instruction->reg == 4 || instruction->reg == 8);
    const bool is_written = instruction->reg == 0 || instruction->reg == 4 || instruction->reg == 8;
    if (!reads && !(instruction->operation == Operation::write_control && is_written)) return;   // it is met again
    if (reads) return read_control(vcpu, *instruction);
    vcpu.registers.rsp = vcpu.state().rsp;
    const std::uint64_t value = instructions::read_register(vcpu.registers, *instruction, instruction->rm);
    if (!write_control(vcpu, instruction->reg, value)) return raise_exception(vcpu, vector::general_protection, 0);
    stepped_over(vcpu, *instruction);
}

}   // namespace basalt::hvm
