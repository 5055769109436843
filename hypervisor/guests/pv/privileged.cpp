#include "guests/pv/privileged.hpp"

#include <algorithm>
#include <array>

#include "guests/pv/control_registers.hpp"
#include "guests/pv/cpuid.hpp"
#include "guests/pv/debug_registers.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "guests/pv/fetch.hpp"
#include "guests/pv/fpu_use.hpp"
#include "guests/pv/mode.hpp"
#include "guests/pv/msrs.hpp"
#include "guests/pv/ports.hpp"
#include "guests/pv/sensitive_stores.hpp"
#include "instructions/operands.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/user_copy.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

constexpr std::uint64_t low_half = 0xffff'ffff;

void put_edx_eax(Registers& registers, std::uint64_t value) {
    registers.rax = value & low_half;
    registers.rdx = value >> 32;
}
std::uint64_t edx_eax(const Registers& registers) { return registers.rdx << 32 | (registers.rax & low_half); }

bool read_msr_for(Vcpu& vcpu) {
    Registers& registers = vcpu.registers;
    auto value = read_guest_msr(vcpu, static_cast<std::uint32_t>(registers.rcx));
    // Kernels probe before they have handlers; Xen then lets the register be 0 rather than the domain die.
    if (!value && pv::of(vcpu).traps[vector::general_protection].address == 0) value = 0;
    if (!value) return false;
    put_edx_eax(registers, *value);
    return true;
}

bool read_debug_for(Vcpu& vcpu, const Instruction& instruction) {
    const auto value = read_debug_register(vcpu, instruction.reg);
    if (value) write_register(vcpu.registers, instruction, instruction.rm, *value);
    return value.has_value();
}

bool read_control_for(Vcpu& vcpu, const Instruction& instruction) {
    const auto value = read_control_register(vcpu, instruction.reg);
    if (value) write_register(vcpu.registers, instruction, instruction.rm, *value);
    return value.has_value();
}

bool load_machine_status(Vcpu& vcpu, const Instruction& instruction) {
    if (instruction.in_memory) return false;
    const std::uint64_t wanted = read_register(vcpu.registers, instruction, instruction.rm);
    set_guest_task_switched((wanted & 8) != 0);
    return true;
}

// What only the guest's kernel may do, at once.
bool carry_out(Vcpu& vcpu, const Instruction& instruction) {
    Registers& registers = vcpu.registers;
    switch (instruction.operation) {
        case Operation::read_control: return read_control_for(vcpu, instruction);
        case Operation::read_debug: return read_debug_for(vcpu, instruction);
        case Operation::write_debug:
            return write_debug_register(instruction.reg, instructions::general_register(registers, instruction.rm)).has_value();
        case Operation::clear_task_switched: set_guest_task_switched(false); return true;
        case Operation::load_machine_status: return load_machine_status(vcpu, instruction);
        case Operation::read_msr: return read_msr_for(vcpu);
        case Operation::set_extended_control:
            return set_guest_xcr(static_cast<std::uint32_t>(registers.rcx), edx_eax(registers));
        case Operation::write_back_caches:
        case Operation::invalidate_caches:
            if (caches_matter(vcpu)) write_back_and_invalidate_caches();
            return true;
        default: return false;
    }
}

bool is_port_access(Operation operation) {
    return operation == Operation::in || operation == Operation::out || operation == Operation::in_string ||
           operation == Operation::out_string;
}

// CLI and STI change nothing: the guest's interrupt flag is its upcall mask, not RFLAGS.IF.
bool is_about_interrupt_flag(Operation operation) {
    return operation == Operation::clear_interrupts || operation == Operation::set_interrupts;
}

// SDM 2D, XSETBV: without CR4.OSXSAVE there is no such instruction. SDM 3B 18.2.2: with CR4.DE there is no DR4 or DR5.
bool is_switched_off(const Vcpu& vcpu, const Instruction& instruction) {
    const bool moves_debug = instruction.operation == Operation::read_debug || instruction.operation == Operation::write_debug;
    if (moves_debug && (instruction.reg == 4 || instruction.reg == 5)) return (pv::of(vcpu).cr4 & cr4::debug_extensions) != 0;
    return instruction.operation == Operation::set_extended_control && (pv::of(vcpu).cr4 & cr4::xsave) == 0;
}

bool reads_clock(Operation operation) { return operation == Operation::read_tsc || operation == Operation::read_tsc_and_aux; }

// CR4.TSD shuts user mode out if it is the guest's wish, not if it is its tools' alone.
bool may_read_clock(const Vcpu& vcpu) { return pv::of(vcpu).in_kernel || (pv::of(vcpu).cr4 & cr4::no_tsc) == 0; }

Carried read_clock(Vcpu& vcpu, bool with_aux) {
    put_edx_eax(vcpu.registers, read_tsc());
    if (with_aux) vcpu.registers.rcx = pv::of(vcpu).tsc_aux;
    return Carried::finished;
}

Carried carry_out_any(Vcpu& vcpu, const Instruction& instruction) {
    const Operation operation = instruction.operation;
    if (is_port_access(operation)) return access_ports(vcpu, instruction);
    if (is_about_interrupt_flag(operation)) return finished_if(has_io_privilege(vcpu));
    if (reads_clock(operation) && may_read_clock(vcpu)) return read_clock(vcpu, operation == Operation::read_tsc_and_aux);
    if (!pv::of(vcpu).in_kernel) return Carried::refused;
    if (is_switched_off(vcpu, instruction)) {
        deliver_exception(vcpu, vector::invalid_opcode);
        return Carried::go_on;
    }
    if (is_sensitive_store(operation)) return store_for(vcpu, instruction) ? Carried::finished : Carried::go_on;
    switch (operation) {
        case Operation::write_control:
            return write_control_register(instruction.reg, instructions::general_register(vcpu.registers, instruction.rm));
        case Operation::write_msr:
            return write_guest_msr(vcpu, static_cast<std::uint32_t>(vcpu.registers.rcx), edx_eax(vcpu.registers));
        default: return finished_if(carry_out(vcpu, instruction));
    }
}

}  // namespace

void step_over(Vcpu& vcpu, unsigned length) {
    vcpu.registers.rip += length;
    vcpu.registers.rflags &= ~rflags::resume;
    if ((vcpu.registers.rflags & rflags::trap) != 0) single_stepped(vcpu);
}

bool emulate_privileged(Vcpu& vcpu) {
    const Instruction* const instruction = fetch(vcpu);
    if (instruction == nullptr) return false;
    const unsigned length = instruction->length;
    const Carried carried = carry_out_any(vcpu, *instruction);
    if (carried == Carried::finished) step_over(vcpu, length);
    return carried != Carried::refused;
}

bool emulate_forced_cpuid(Vcpu& vcpu) {
    static constexpr std::array<std::uint8_t, 7> wanted{0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
    Registers& registers = vcpu.registers;
    std::array<std::uint8_t, wanted.size()> found;
    if (!guest_may_name(registers.rip, found.size()) || copy_from_guest(found.data(), registers.rip, found.size()) != 0 ||
        !std::ranges::equal(found, wanted))
        return false;
    const CpuidLeaf leaf =
        guest_cpuid(vcpu, static_cast<std::uint32_t>(registers.rax), static_cast<std::uint32_t>(registers.rcx));
    registers.rax = leaf.eax;
    registers.rbx = leaf.ebx;
    registers.rcx = leaf.ecx;
    registers.rdx = leaf.edx;
    step_over(vcpu, wanted.size());
    return true;
}

}  // namespace basalt::pv
