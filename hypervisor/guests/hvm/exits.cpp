// Why a guest was left, and what comes of it. APM 2, 15.7 to 15.14.
#include "abi/sched.hpp"
#include "domain/run.hpp"
#include "domain/vcpu_setup.hpp"
#include "guests/hvm/code.hpp"
#include "guests/hvm/exits.hpp"
#include "guests/hvm/inject.hpp"
#include "guests/hvm/memory.hpp"
#include "guests/hvm/vmx_state.hpp"
#include "guests/hypercall_seam.hpp"
#include "hvm_vcpu/delivery.hpp"
#include "instructions/decode.hpp"
#include "instructions/length.hpp"
#include "machine/entry.hpp"
#include "machine/features.hpp"
#include "machine/svm.hpp"

namespace basalt::hvm {
namespace {

using instructions::Mode;
using instructions::Operation;

// All of them, for whoever shows a vcpu.
Registers& shown_registers(HvmVcpu& vcpu) {
    bring_state(vcpu);
    const GuestState& save = vcpu.state();
    Registers& shown = vcpu.registers;
    shown.rip = save.rip, shown.rsp = save.rsp, shown.rflags = save.rflags;
    shown.cs = save.cs.selector, shown.ss = save.ss.selector;
    return shown;
}

void finish(HvmVcpu& vcpu, std::uint64_t next) {
    vcpu.state().rip = next;
    vcpu.vmcb.control.interrupt_shadow = 0;
}

// Until it is started anew: nothing else will wake it. INIT and start-up may have come while it went.
void go_down(HvmVcpu& vcpu) {
    take_down(vcpu);
    if (vcpu.messages.has_new_start()) scheduler().release(vcpu.unit, Hold::down);
}

void halt(HvmVcpu& vcpu) {
    if (!stepped_over(vcpu, Operation::halt)) return;
    vcpu.is_halted = (vcpu.state().rflags & rflags::interrupts) != 0;
    if (!vcpu.is_halted && !is_interrupt_due(vcpu)) go_down(vcpu);
}

// What follows STI shuts interrupts out for one instruction, not for all that a call takes.
void make_again(HvmVcpu& vcpu, std::uint64_t number) {
    vcpu.registers.rax = number;
    vcpu.vmcb.control.interrupt_shadow = 0;
}

void call(HvmVcpu& vcpu) {
    if (vcpu.state().cpl != 0 || code_mode(vcpu.state()) != Mode::bits_64) {
        if (stepped_over(vcpu, Operation::vmmcall))
            vcpu.registers.rax = static_cast<std::uint64_t>(errno_of(Error::not_implemented));
        return;
    }
    const std::uint64_t number = vcpu.registers.rax;
    if (hypercalls::call(number, vcpu.registers))
        static_cast<void>(stepped_over(vcpu, Operation::vmmcall));
    else
        make_again(vcpu, number);
}

// The guest was hit, whatever ring it was in: not Basalt, which is told by the ring.
void machine_check(HvmVcpu& vcpu) {
    Registers& shown = shown_registers(vcpu);
    shown.cs |= 3;
    guest_machine_check(shown);
}

void exception(HvmVcpu& vcpu, std::uint64_t vector) {
    switch (vector) {
        case vector::machine_check: return machine_check(vcpu);
        case vector::alignment_check: return raise_exception(vcpu, vector::alignment_check, 0);
        default: return raise_exception(vcpu, static_cast<std::uint8_t>(vector));
    }
}

// Into both ways behind an exit.
[[gnu::always_inline]] inline void answer(HvmVcpu& vcpu) {
    namespace code = exit_code;
    const std::uint64_t why = vcpu.exit().code;
    poll_interrupts();   // at each exit: a guest whose exceptions leave it again and again shuts out nobody else
    switch (why) {
        case code::cpuid: return cpuid_exit(vcpu);
        case code::port: return port_exit(vcpu);
        case code::read_cr0 + 4:
        case code::write_cr0:
        case code::read_cr0 + 8:
        case code::write_cr0 + 4:
        case code::write_cr0 + 8: return control_register_exit(vcpu);
        case code::xsetbv: return extended_control_exit(vcpu);
        case code::msr: return register_exit(vcpu);
        case code::vmmcall: return call(vcpu);
        case code::interrupt:
        case code::nmi:
        case code::smi:
        case code::init: return;   // taken by now, or by nobody
        case code::hlt: return halt(vcpu);
        case code::wbinvd: static_cast<void>(stepped_over(vcpu, Operation::write_back_caches)); return;
        case code::invd: static_cast<void>(stepped_over(vcpu, Operation::invalidate_caches)); return;
        case code::shutdown: return shut_down(vcpu.domain, SHUTDOWN_reboot);   // a triple fault resets a machine
        case code::nested_page_fault: return nested_page_fault_exit(vcpu);
        case code::virtual_interrupt: return;   // it can take one now
        case code::iret: return interrupt_return_exit(vcpu);
        case code::invalid: return crash(vcpu, "the processor refuses its state");
        default: break;
    }
    if (why >= code::exception && why < code::exception + 32) return exception(vcpu, why - code::exception);
    raise_exception(vcpu, vector::invalid_opcode);
}

}   // namespace

void crash(HvmVcpu& vcpu, std::string_view reason) {
    static_cast<void>(shown_registers(vcpu));
    crash_running_domain(reason);
}

bool stepped_over(HvmVcpu& vcpu, Operation what) {
    if (features().next_rip) {
        finish(vcpu, vcpu.vmcb.control.next_rip);
        return true;
    }
    const Code code = code_at_rip(vcpu);
    const auto length = instructions::length_of(what, code.bytes(), code.mode);
    if (!length) return false;
    const std::uint64_t next = vcpu.state().rip + *length;
    finish(vcpu, code.mode == Mode::bits_64 ? next : static_cast<std::uint32_t>(next));
    return true;
}

void stepped_over(HvmVcpu& vcpu, const instructions::Instruction& instruction) {
    const std::uint64_t next = vcpu.state().rip + instruction.length;
    finish(vcpu, code_mode(vcpu.state()) == Mode::bits_64 ? next : static_cast<std::uint32_t>(next));
}

std::optional<instructions::Instruction> instruction_at_rip(HvmVcpu& vcpu) {
    const Code code = code_at_rip(vcpu);
    if (code.count == 0) return std::nullopt;   // the guest meets that itself
    const auto found = instructions::decode(code.bytes(), code.mode);
    if (!found) raise_exception(vcpu, vector::invalid_opcode);
    return found;
}

namespace {

[[gnu::always_inline]] inline void go_on(HvmVcpu& vcpu) {
    note_exit(vcpu);
    vcpu.vmcb.control.event = delivery::again(vcpu.exit().interrupted);   // what was being delivered is delivered first
    answer(vcpu);
    prepare_entry(vcpu);
}

}   // namespace

void guest_left(HvmVcpu& vcpu) { go_on(vcpu); }

void stepped_to(HvmVcpu& vcpu, std::uint64_t next) { finish(vcpu, next); }

}   // namespace basalt::hvm

extern "C" void basalt::svm::svm_guest_left(Registers& registers) {
    HvmVcpu& vcpu = hvm::of(running());
    if (vcpu.exit().code != exit_code::invalid) guest_was_entered();
    registers.rax = vcpu.state().rax;
    hvm::go_on(vcpu);
}
