#include "guests/hvm/control_registers.hpp"

#include "guests/hvm/exits.hpp"
#include "guests/hvm/inject.hpp"
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

// Protection keys are left out: their register is not switched between guests. XSAVE as well, yet.
std::uint64_t possible_cr4() {
    std::uint64_t possible = cr4::no_tsc | cr4::debug_extensions | cr4::page_size_extensions | cr4::physical_extension |
                             cr4::machine_check | cr4::global_pages | cr4::performance_counters | cr4::fxsave |
                             cr4::simd_exceptions;
    if (features().fsgsbase) possible |= cr4::fsgsbase;
    if (features().smep) possible |= cr4::smep;
    if (features().umip) possible |= cr4::umip;
    return possible;
}

std::uint64_t possible_efer() { return settable_efer | efer::long_mode_active; }

bool write_cr4(HvmVcpu& vcpu, std::uint64_t value) {
    svm::Save& save = vcpu.vmcb.save;
    if ((value & ~possible_cr4()) != 0) return false;
    if (!has(value, cr4::physical_extension) && has(save.efer, efer::long_mode_active)) return false;
    constexpr std::uint64_t of_paging = cr4::page_size_extensions | cr4::physical_extension | cr4::global_pages | cr4::smep;
    if (changes(value, save.cr4, of_paging)) forget_translations();
    set_cr4(vcpu, value);
    return true;
}

void set_cr4(HvmVcpu& vcpu, std::uint64_t value) {
    constexpr std::uint16_t reads = svm::intercept::cr4;
    std::uint16_t& intercepted = vcpu.vmcb.control.intercepts.cr_reads;
    vcpu.vmcb.save.cr4 = value | cr4::machine_check;
    vcpu.hides_machine_check = !has(value, cr4::machine_check);
    intercepted = static_cast<std::uint16_t>(vcpu.hides_machine_check ? intercepted | reads : intercepted & ~reads);
}

std::uint64_t guest_cr4(const HvmVcpu& vcpu) {
    return vcpu.vmcb.save.cr4 & ~(vcpu.hides_machine_check ? cr4::machine_check : 0);
}

// APM 2 3.1.7: LME changes only while paging is off; LMA is the processor's.
bool write_efer(HvmVcpu& vcpu, std::uint64_t value) {
    svm::Save& save = vcpu.vmcb.save;
    if ((value & ~possible_efer()) != 0) return false;
    if (changes(value, save.efer, efer::long_mode) && has(save.cr0, cr0::paging)) return false;
    if (changes(value, save.efer, efer::no_execute)) forget_translations();
    save.efer = (value & settable_efer) | (save.efer & efer::long_mode_active) | efer::svm;
    return true;
}

namespace {

void read_cr4(HvmVcpu& vcpu, const instructions::Instruction& instruction) {
    vcpu.registers.rsp = vcpu.vmcb.save.rsp;
    instructions::write_register(vcpu.registers, instruction, instruction.rm, guest_cr4(vcpu));
    vcpu.vmcb.save.rsp = vcpu.registers.rsp;
    stepped_over(vcpu, instruction);
}

bool write_control(HvmVcpu& vcpu, unsigned number, std::uint64_t value) {
    if (number == 4) return write_cr4(vcpu, value);
    constexpr std::uint64_t classes = 0xf;
    if (value > classes) return false;
    vcpu.local_apic.follow_cr8(static_cast<std::uint8_t>(value));
    return true;
}

}   // namespace

// MOV to CR4 or CR8, or from CR4, read again where the guest was left: what there is by now is carried out, if it is that.
void control_register_exit(HvmVcpu& vcpu) {
    const auto instruction = instruction_at_rip(vcpu);
    if (!instruction) return;
    using instructions::Operation;
    const bool reads = instruction->operation == Operation::read_control && instruction->reg == 4;
    const bool is_written = instruction->reg == 4 || instruction->reg == 8;
    if (!reads && !(instruction->operation == Operation::write_control && is_written)) return;   // it is met again
    if (reads) return read_cr4(vcpu, *instruction);
    vcpu.registers.rsp = vcpu.vmcb.save.rsp;
    const std::uint64_t value = instructions::read_register(vcpu.registers, *instruction, instruction->rm);
    if (!write_control(vcpu, instruction->reg, value)) return raise_exception(vcpu, vector::general_protection, 0);
    stepped_over(vcpu, *instruction);
}

}   // namespace basalt::hvm
