// Exits of Intel's VMX in the words of Exit, and entries: what is injected, what is asked for, which translations count.
// SDM 3C 24.6.3, 24.8.3, 24.9, 26.6, 27.2.
#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/hvm/exits.hpp"
#include "guests/hvm/vmx_state.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/svm.hpp"
#include "machine/vmx.hpp"

namespace basalt::hvm {
namespace {

using vmx::Field;

constexpr std::uint32_t shadow_bits = 3, nmi_bit = 1 << 3;   // of interruptibility: STI, MOV SS; NMI

// Of an event, in Intel's words: bits 0 to 7 its vector, 8 to 10 its type, 11 whether it has an error code, 31 that it is
// there.
namespace event {
constexpr std::uint32_t has_error = 1 << 11, after_iret = 1 << 12, valid = std::uint32_t{1} << 31;
constexpr std::uint32_t software_exception = 6;
constexpr std::uint32_t type(std::uint32_t word) { return word >> 8 & 7; }
}   // namespace event

// Types 0 to 4 are AMD's kinds; 5 and 6 are exceptions by an instruction.
Event amd_event(std::uint32_t word, std::uint64_t error_code) {
    if ((word & event::valid) == 0) return {};
    const std::uint32_t type = event::type(word);
    const auto kind = type > 4 ? Event::Kind::exception : static_cast<Event::Kind>(type);
    const auto vector = static_cast<std::uint8_t>(word);
    return (word & event::has_error) != 0 ? Event(vector, static_cast<std::uint32_t>(error_code)) : Event(kind, vector);
}

// The other way round. An error code is for protected mode alone (26.2.1.3).
std::uint32_t intel_event(const HvmVcpu& vcpu, const Event& due) {
    std::uint32_t word = due.vector() | static_cast<std::uint32_t>(due.kind()) << 8 | event::valid;
    const bool by_instruction =
        due.kind() == Event::Kind::exception && (due.vector() == vector::breakpoint || due.vector() == vector::overflow);
    if (by_instruction) word |= event::software_exception << 8;
    if (due.has_error() && (vcpu.state().cr0 & cr0::protected_mode) != 0) word |= event::has_error;
    return word;
}

void inject(HvmVcpu& vcpu) {
    const Event& due = vcpu.vmcb.control.event;
    const bool is_again = due.raw == vcpu.exit().interrupted.raw && (vcpu.vmx.vectoring & event::valid) != 0;
    const std::uint32_t word = is_again ? vcpu.vmx.vectoring & ~event::after_iret : intel_event(vcpu, due);
    vmx::write(Field::entry_event, word);
    vmx::write(Field::entry_length, is_again ? vcpu.vmx.length : 1);
    if ((word & event::has_error) != 0) vmx::write(Field::entry_error_code, due.error_code());
}

// --- exits ---

void exception_exit(Exit& exit) {
    const auto word = static_cast<std::uint32_t>(vmx::read(Field::exit_event));
    constexpr std::uint32_t nmi = 2;
    if (event::type(word) == nmi) {
        exit.code = exit_code::nmi;
        asm volatile("int $2" : : : "memory");   // as if it had come here; others are shut out until its IRET
        return;
    }
    exit.code = exit_code::exception + (word & 0xff);
    if ((word & 0xff) != vector::debug) return;
    // The guest has not got it, nor has DR6 (27.1).
    constexpr std::uint64_t causes = 0xf | 1 << 13 | 1 << 14;
    write_dr<6>((read_dr<6>() & ~std::uint64_t{0xf}) | (vmx::read(Field::qualification) & causes));
}

// Table 27-3: which register, and by which instruction: MOV to, MOV from; others are no exits here.
void control_register(Exit& exit) {
    const std::uint64_t word = vmx::read(Field::qualification);
    exit.code = ((word >> 4 & 3) == 0 ? exit_code::write_cr0 : exit_code::read_cr0) + (word & 15);
}

// Table 27-5; AMD's word of it is guests/hvm/ports.cpp's.
void port(HvmVcpu& vcpu, Exit& exit) {
    const std::uint64_t word = vmx::read(Field::qualification);
    const std::uint64_t width = (word & 7) + 1;
    exit.code = exit_code::port;
    exit.info_1 = (word >> 3 & 1) | (word >> 4 & 1) << 2 | (word >> 5 & 1) << 3 | width << 4 | (word & 0xffff'0000);
    exit.info_2 = vcpu.vmcb.control.next_rip;
}

// Table 27-7, as AMD tells it (devices.cpp).
void nested_fault(Exit& exit) {
    const std::uint64_t word = vmx::read(Field::qualification);
    const bool present = (word >> 3 & 7) != 0, writes = (word >> 1 & 1) != 0, fetches = (word >> 2 & 1) != 0;
    const bool in_tables = (word >> 7 & 1) != 0 && (word >> 8 & 1) == 0;
    exit.code = exit_code::nested_page_fault;
    exit.info_1 =
        std::uint64_t{present} | std::uint64_t{writes} << 1 | std::uint64_t{fetches} << 4 | std::uint64_t{in_tables} << 33;
    exit.info_2 = vmx::read(Field::guest_physical);
}

void explain(HvmVcpu& vcpu, Exit& exit, std::uint32_t why) {
    switch (why) {
        case vmx::reason::exception: return exception_exit(exit);
        case vmx::reason::interrupt:
        case vmx::reason::start_up: exit.code = exit_code::interrupt; return;
        case vmx::reason::init: exit.code = exit_code::init; return;
        case vmx::reason::triple_fault: exit.code = exit_code::shutdown; return;
        case vmx::reason::interrupt_window:
        case vmx::reason::nmi_window: exit.code = exit_code::virtual_interrupt; return;
        case vmx::reason::task_switch: exit.code = exit_code::task_switch; return;
        case vmx::reason::cpuid: exit.code = exit_code::cpuid; return;
        case vmx::reason::hlt: exit.code = exit_code::hlt; return;
        case vmx::reason::invd: exit.code = exit_code::invd; return;
        case vmx::reason::vmcall: exit.code = exit_code::vmmcall; return;
        case vmx::reason::control_register: return control_register(exit);
        case vmx::reason::port: return port(vcpu, exit);
        case vmx::reason::read_msr: exit.code = exit_code::msr, exit.info_1 = 0; return;
        case vmx::reason::write_msr: exit.code = exit_code::msr, exit.info_1 = 1; return;
        case vmx::reason::nested_fault: return nested_fault(exit);
        case vmx::reason::wbinvd: exit.code = exit_code::wbinvd; return;
        case vmx::reason::xsetbv: exit.code = exit_code::xsetbv; return;
        case vmx::reason::machine_check_at_entry: exit.code = exit_code::exception + vector::machine_check; return;
        default: exit.code = exit_code::no_instruction; return;
    }
}

// Where the instruction that was left ends, which is not told of all exits; whoever goes on there knows.
std::uint64_t next_rip(const HvmVcpu& vcpu) {
    constexpr std::uint16_t long_code = 1 << 9;
    const GuestState& state = vcpu.state();
    const std::uint64_t next = state.rip + vcpu.vmx.length;
    const bool of_64_bits = (state.efer & efer::long_mode_active) != 0 && (state.cs.attributes & long_code) != 0;
    return of_64_bits ? next : static_cast<std::uint32_t>(next);
}

// An IRET that ends an NMI and then faults has let NMIs in again: they are to be shut out as before (27.2.3, table 27-7).
bool undoes_iret(std::uint32_t why, std::uint32_t vectoring) {
    if ((vectoring & event::valid) != 0) return false;
    if (why == vmx::reason::nested_fault) return (vmx::read(Field::qualification) & event::after_iret) != 0;
    if (why != vmx::reason::exception) return false;
    const std::uint64_t word = vmx::read(Field::exit_event);
    return (word & event::after_iret) != 0 && (word & 0xff) != vector::double_fault;
}

void note_interruptibility(HvmVcpu& vcpu, bool shut_out) {
    const auto word = static_cast<std::uint32_t>(vmx::read(Field::guest_interruptibility));
    vcpu.vmx.held.interruptibility = word;
    vcpu.vmcb.control.interrupt_shadow = (word & shadow_bits) != 0 ? 1 : 0;
    vcpu.in_nmi = shut_out || (word & nmi_bit) != 0;
}

void read_exit(HvmVcpu& vcpu) {
    Exit& exit = vcpu.vmcb.control.exit;
    const auto why = static_cast<std::uint32_t>(vmx::read(Field::reason));
    read_exit_state(vcpu);
    vcpu.vmx.vectoring = static_cast<std::uint32_t>(vmx::read(Field::vectoring));
    vcpu.vmx.length = static_cast<std::uint32_t>(vmx::read(Field::length));
    const bool has_error = (vcpu.vmx.vectoring & event::has_error) != 0;
    exit.interrupted = amd_event(vcpu.vmx.vectoring, has_error ? vmx::read(Field::vectoring_error_code) : 0);
    vcpu.vmcb.control.next_rip = next_rip(vcpu);
    note_interruptibility(vcpu, undoes_iret(why & 0xffff, vcpu.vmx.vectoring));
    if ((why & vmx::reason::entry_failed) != 0)
        exit.code = exit_code::invalid;
    else
        explain(vcpu, exit, why);
}

// --- entries ---

// What it waits for is asked for again at each entry; the shadow of STI stays where nothing was stepped over.
void write_interruptibility(HvmVcpu& vcpu) {
    const svm::Control& control = vcpu.vmcb.control;
    const bool injects_nmi = control.event.valid() && control.event.kind() == Event::Kind::nmi;
    const std::uint32_t shadow = control.interrupt_shadow != 0 ? vcpu.vmx.held.interruptibility & shadow_bits : 0;
    const std::uint32_t wanted = shadow | (vcpu.in_nmi && !injects_nmi ? nmi_bit : 0);
    if (wanted != vcpu.vmx.held.interruptibility) vmx::write(Field::guest_interruptibility, wanted);
    vcpu.vmx.held.interruptibility = wanted;
}

void ask_for_windows(HvmVcpu& vcpu, bool all) {
    const bool interrupts = (vcpu.vmcb.control.intercepts.first & svm::intercept::virtual_interrupt) != 0;
    const bool nmis = vcpu.nmi_pending.load(std::memory_order_relaxed);
    const std::uint32_t wanted = features().vmx_guests.controls.primary | (interrupts ? vmx::primary::interrupt_window : 0) |
                                 (nmis ? vmx::primary::nmi_window : 0);
    if (all || wanted != vcpu.vmx.held.primary) vmx::write(Field::primary_controls, wanted);
    vcpu.vmx.held.primary = wanted;
}

// A new tag: what was learnt by nested tables goes with the old one, for it is tagged by those, not by this.
void forget_by_tag(HvmVcpu& vcpu) {
    const svm::Control& control = vcpu.vmcb.control;
    if (control.asid == vcpu.vmx.held.vpid && control.flush == svm::FlushOf::nothing) return;
    vmx::write(Field::vpid, vcpu.vmx.held.vpid = control.asid);
    vmx::forget_nested();
    svm::guest_was_entered();
}

}   // namespace
}   // namespace basalt::hvm

namespace basalt::vmx {

extern "C" void vmx_guest_left(Registers& registers) {
    HvmVcpu& vcpu = hvm::of(running());
    vcpu.state().rax = registers.rax;
    hvm::read_exit(vcpu);
    hvm::guest_left(vcpu);
}

extern "C" bool vmx_before_entry(Registers&) {
    HvmVcpu& vcpu = hvm::of(running());
    const bool all = vcpu.vmx.is_new;
    if (all) vcpu.vmx.held.interruptibility = 0;
    hvm::write_entry_state(vcpu);
    hvm::write_interruptibility(vcpu);
    hvm::ask_for_windows(vcpu, all);
    if (vcpu.vmcb.control.event.valid()) hvm::inject(vcpu);
    hvm::forget_by_tag(vcpu);
    const bool launched = vcpu.vmx.launched;
    vcpu.vmx.launched = true;
    return launched;
}

extern "C" void vmx_entry_refused(Registers&) {
    HvmVcpu& vcpu = hvm::of(running());
    vcpu.vmx.launched = false;
    log(Level::error, "VMX refuses an entry: error {}", read(Field::instruction_error));
    hvm::crash(vcpu, "the processor refuses its state");
}

}   // namespace basalt::vmx
