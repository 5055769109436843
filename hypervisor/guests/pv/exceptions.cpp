// Every exception of ring 3: what Basalt answers for the guest, and what the guest's kernel is told.
#include <array>

#include "domain/vcpu.hpp"
#include "guests/pv/debug_registers.hpp"
#include "guests/pv/descriptors.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "guests/pv/fpu_use.hpp"
#include "guests/pv/privileged.hpp"
#include "guests/pv/table_write.hpp"
#include "machine/entry.hpp"
#include "machine/instructions.hpp"
#include "machine/user_copy.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt {
namespace {

// Error code of a selector: SDM 3A 6.13.
constexpr std::uint64_t names_interrupt_gate = 2;

// Gates of our IDT are closed to ring 3, so `int n` ends here. The number is taken from the code where it can be read:
// emulators get the error code wrong, and a mistaken one would reach another gate.
void software_interrupt(Vcpu& vcpu) {
    constexpr std::uint8_t opcode = 0xcd;
    Registers& registers = vcpu.registers;
    std::array<std::uint8_t, 2> code{};
    const bool read = guest_may_name(registers.rip, code.size()) &&
                      copy_from_guest(code.data(), registers.rip, code.size()) == 0 && code[0] == opcode;
    const auto number = read ? code[1] : static_cast<std::uint8_t>(registers.error_code >> 3);
    if (!pv::may_interrupt(pv::of(vcpu), number))
        return pv::deliver_exception(vcpu, vector::general_protection, std::uint32_t{number} << 3 | names_interrupt_gate);
    registers.rip += code.size();
    registers.rflags &= ~rflags::resume;   // the fault's; the instruction counts as done
    pv::deliver_software_interrupt(vcpu, number);
}

void general_protection(Vcpu& vcpu) {
    const std::uint64_t error = vcpu.registers.error_code;
    if ((error & names_interrupt_gate) != 0) return software_interrupt(vcpu);
    if (error == 0 && pv::emulate_privileged(vcpu)) return;
    pv::deliver_exception(vcpu, vector::general_protection, static_cast<std::uint32_t>(error));
}

void page_fault(Vcpu& vcpu) {
    const std::uint64_t address = read_cr2();
    const auto error = static_cast<std::uint32_t>(vcpu.registers.error_code);
    if (pv::explain_ldt_fault(vcpu, address, error)) return;
    if (pv::emulate_table_write(vcpu, address, error)) return;
    pv::deliver_page_fault(vcpu, address, error);
}

void invalid_opcode(Vcpu& vcpu) {
    if (pv::emulate_forced_cpuid(vcpu)) return;
    pv::deliver_exception(vcpu, vector::invalid_opcode);
}

[[gnu::noinline]] void any_other_exception(Vcpu& vcpu, const Registers& registers) {
    switch (registers.vector) {
        case vector::general_protection: return general_protection(vcpu);
        case vector::invalid_opcode: return invalid_opcode(vcpu);
        case vector::no_device: return pv::no_fpu(vcpu);
        case vector::debug: return pv::debug_exception(vcpu);
        default: return pv::deliver_exception(vcpu, registers.vector, static_cast<std::uint32_t>(registers.error_code));
    }
}

}  // namespace

extern "C" void guest_exception(Registers& registers) {
    if (registers.vector == vector::page_fault) [[likely]]
        return page_fault(running());
    any_other_exception(running(), registers);
}

// As on Xen the kernel meets it as an exception of whoever it returned to, with the registers it asked for.
extern "C" void guest_return_fault(Registers& registers) {
    Vcpu& vcpu = running();
    const auto error = static_cast<std::uint32_t>(registers.error_code);
    if (registers.vector == vector::page_fault && pv::explain_ldt_fault(vcpu, read_cr2(), error)) return;
    pv::deliver_exception(vcpu, registers.vector, error);
}

}  // namespace basalt
