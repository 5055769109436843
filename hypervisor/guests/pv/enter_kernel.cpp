#include "guests/pv/enter_kernel.hpp"

#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/pv/mode.hpp"
#include "machine/user_copy.hpp"

namespace basalt::pv {
namespace {

// SDM 3A table 6-1.
constexpr bool pushes_error_code(std::uint64_t vector) {
    constexpr std::uint32_t vectors = 1 << vector::double_fault | 1 << vector::invalid_tss | 1 << vector::no_segment |
                                      1 << vector::stack_fault | 1 << vector::general_protection |
                                      1 << vector::page_fault | 1 << vector::alignment_check | 1 << 21;
    return vector < 32 && (vectors >> vector & 1) != 0;
}

unsigned shown_iopl(const Vcpu& vcpu) {
    const bool architectural =
        (vcpu.domain.assists.load(std::memory_order_relaxed) >> VMASST_TYPE_architectural_iopl & 1) != 0;
    return architectural ? vcpu.pv.iopl : 0;
}

// Hardware aligns the stack to 16 before it pushes (SDM 3A 6.14.2); Xen does too, and kernels count on it.
constexpr std::uint64_t place_below(std::uint64_t stack, unsigned bytes) { return (stack & ~std::uint64_t{15}) - bytes; }

void enter(Vcpu& vcpu, const Callback& where, const std::optional<std::uint32_t>& error_code,
           const SelectorsWanted* selectors = nullptr) {
    PvVcpu& pv = vcpu.pv;
    Registers& registers = vcpu.registers;
    const bool masked = upcalls_masked(vcpu);
    const EntryFrame frame = entry_frame(registers, {pv.in_kernel, masked, shown_iopl(vcpu)}, error_code, selectors);
    const std::uint64_t place = place_below(pv.in_kernel ? registers.rsp : pv.kernel_sp, frame.bytes());
    if (!pv.in_kernel) enter_kernel_mode(pv);
    if (!guest_may_name(place, frame.bytes()) || copy_to_guest(place, frame.words.data(), frame.bytes()) != 0) {
        log(Level::warning, "d{}v{}: kernel stack at {x} cannot take a frame", vcpu.domain.id, vcpu.id, place);
        return crash_running_domain("its kernel stack is not writable");
    }
    if (where.masks_events && !masked) mask_upcalls(vcpu, true);
    registers.rip = where.address;
    registers.cs = FLAT_KERNEL_CS64;
    registers.ss = FLAT_KERNEL_SS64;
    registers.rsp = place;
    registers.rflags = handler_flags(registers.rflags);
    registers.vector = Registers::by_system_call;
}

void enter_by_gate(Vcpu& vcpu, std::uint64_t vector, const std::optional<std::uint32_t>& error_code) {
    const TrapGate& gate = vcpu.pv.traps[vector];
    if (gate.address == 0) {
        log(Level::warning, "d{}v{}: exception {} with error code {x} at {x}, and no handler for it", vcpu.domain.id,
            vcpu.id, vector, error_code.value_or(0), vcpu.registers.rip);
        return crash_running_domain("it has no handler for its exception");
    }
    enter(vcpu, {gate.address, gate.masks_events}, error_code);
}

}  // namespace

void deliver_exception(Vcpu& vcpu, std::uint64_t vector, std::uint32_t error_code) {
    enter_by_gate(vcpu, vector, pushes_error_code(vector) ? std::optional(error_code) : std::nullopt);
}

void deliver_page_fault(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    constexpr auto user = static_cast<std::uint32_t>(page_fault_error::user);
    if (vcpu_info* info = vcpu.events.info()) info->arch.cr2 = address;
    // What Basalt has mapped where is not told; the M2P below it is the guest's to read.
    if (address >= layout::m2p && address < layout::end) error_code &= ~static_cast<std::uint32_t>(page_fault_error::present);
    enter_by_gate(vcpu, vector::page_fault, vcpu.pv.in_kernel ? error_code & ~user : error_code | user);
}

bool may_interrupt(const PvVcpu& pv, std::uint8_t vector) {
    const TrapGate& gate = pv.traps[vector];
    return gate.address != 0 && gate.privilege >= (pv.in_kernel ? 1 : 3);
}

void deliver_software_interrupt(Vcpu& vcpu, std::uint8_t vector) { enter_by_gate(vcpu, vector, std::nullopt); }

void deliver_system_call(Vcpu& vcpu, const Callback& callback) {
    if (callback.address == 0) return crash_running_domain("it has no handler for system calls");
    enter(vcpu, callback, std::nullopt);
    vcpu.registers.rflags &= ~rflags::direction;   // as FMASK of a 64-bit kernel does
}

void deliver_event(Vcpu& vcpu) {
    const Callback& callback = vcpu.pv.event;
    if (callback.address == 0) return crash_running_domain("it has no handler for events");
    enter(vcpu, {callback.address, true}, std::nullopt);
}

void deliver_failsafe(Vcpu& vcpu, const SelectorsWanted& wanted) {
    const Callback& callback = vcpu.pv.failsafe;
    if (callback.address == 0) return crash_running_domain("it has no handler for a failed return");
    enter(vcpu, callback, std::nullopt, &wanted);
}

}  // namespace basalt::pv
