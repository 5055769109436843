#include "guests/pv/enter_kernel.hpp"

#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/guest_messages.hpp"
#include "domain/run.hpp"
#include "guests/pv/doors.hpp"
#include "guests/pv/mode.hpp"
#include "machine/user_copy.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

// SDM 3A table 6-1.
constexpr bool pushes_error_code(std::uint64_t vector) {
    constexpr std::uint32_t vectors = 1 << vector::double_fault | 1 << vector::invalid_tss | 1 << vector::no_segment |
                                      1 << vector::stack_fault | 1 << vector::general_protection | 1 << vector::page_fault |
                                      1 << vector::alignment_check | 1 << 21;
    return vector < 32 && (vectors >> vector & 1) != 0;
}

unsigned shown_iopl(const Vcpu& vcpu) { return has_architectural_iopl(vcpu.domain) ? pv::of(vcpu).iopl : 0; }

// What Basalt has mapped where is not told. The M2P below the rest is the kernel's to know.
bool is_hidden(const PvVcpu& pv, std::uint64_t address) {
    return address >= (pv.in_kernel ? layout::m2p : layout::start) && address < layout::end;
}

// Hardware aligns the stack to 16 before it pushes (SDM 3A 6.14.2); Xen does too, and kernels count on it.
constexpr std::uint64_t place_below(std::uint64_t stack, unsigned bytes) { return (stack & ~std::uint64_t{15}) - bytes; }

[[gnu::cold, gnu::noinline]] void has_no_stack(const Vcpu& vcpu, std::uint64_t place) {
    log_about(vcpu.domain, Level::warning, "d{}v{}: kernel stack at {x} cannot take a frame", vcpu.domain.id, vcpu.id, place);
    crash_running_domain("its kernel stack is not writable");
}

template <std::size_t between>
void enter(Vcpu& vcpu, const Callback& where, const std::array<std::uint64_t, between>& extra) {
    PvVcpu& pv = pv::of(vcpu);
    Registers& registers = vcpu.registers;
    const bool masked = upcalls_masked(vcpu);
    const auto frame = entry_frame(registers, {pv.in_kernel, masked, shown_iopl(vcpu)}, extra);
    const std::uint64_t place = place_below(pv.in_kernel ? registers.rsp : pv.kernel_sp, sizeof(frame));
    if (!pv.in_kernel) enter_kernel_mode(pv);
    if (!guest_may_name(place, sizeof(frame)) || copy_to_guest(place, frame.data(), sizeof(frame)) != 0)
        return has_no_stack(vcpu, place);
    if (where.masks_events && !masked) mask_upcalls(vcpu, true);
    registers.rip = where.address;
    registers.cs = FLAT_KERNEL_CS64;
    registers.ss = FLAT_KERNEL_SS64;
    registers.rsp = place;
    registers.rflags = handler_flags(registers.rflags);
    registers.vector = Registers::by_system_call;
}

[[gnu::cold, gnu::noinline]] void has_no_handler(const Vcpu& vcpu, std::uint64_t vector, std::uint64_t error_code) {
    log_about(vcpu.domain, Level::warning, "d{}v{}: exception {} with error code {x} at {x}, and no handler for it",
              vcpu.domain.id, vcpu.id, vector, error_code, vcpu.registers.rip);
    crash_running_domain("it has no handler for its exception");
}

Callback gate_for(const Vcpu& vcpu, std::uint64_t vector) {
    const TrapGate& gate = pv::of(vcpu).traps[vector];
    return {gate.address, gate.masks_events};
}

}  // namespace

void deliver_exception(Vcpu& vcpu, std::uint64_t vector, std::uint32_t error_code) {
    const Callback gate = gate_for(vcpu, vector);
    if (gate.address == 0) return has_no_handler(vcpu, vector, error_code);
    if (pushes_error_code(vector)) return enter(vcpu, gate, ErrorCode{error_code});
    enter(vcpu, gate, Nothing{});
}

void deliver_page_fault(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    constexpr auto user = static_cast<std::uint32_t>(page_fault_error::user);
    constexpr auto present = static_cast<std::uint32_t>(page_fault_error::present);
    if (vcpu_info* info = vcpu.events.info()) info->arch.cr2 = address;
    if (is_hidden(pv::of(vcpu), address)) error_code &= ~present;
    deliver_exception(vcpu, vector::page_fault, pv::of(vcpu).in_kernel ? error_code & ~user : error_code | user);
}

bool may_interrupt(const PvVcpu& pv, std::uint8_t vector) {
    const TrapGate& gate = pv.traps[vector];
    return gate.address != 0 && gate.privilege >= (pv.in_kernel ? 1 : 3);
}

void deliver_software_interrupt(Vcpu& vcpu, std::uint8_t vector) { enter(vcpu, gate_for(vcpu, vector), Nothing{}); }

void deliver_system_call(Vcpu& vcpu, const Callback& callback) {
    if (callback.address == 0) return crash_running_domain("it has no handler for system calls");
    enter(vcpu, callback, Nothing{});
    vcpu.registers.rflags &= ~rflags::direction;   // as FMASK of a 64-bit kernel does
}

void deliver_event(Vcpu& vcpu) {
    const Callback& callback = pv::of(vcpu).event;
    if (callback.address == 0) return crash_running_domain("it has no handler for events");
    enter(vcpu, {callback.address, true}, Nothing{});
}

void deliver_nmi(Vcpu& vcpu) {
    vcpu.nmi_pending.store(false);
    const Callback gate = gate_for(vcpu, vector::nmi);
    if (gate.address == 0) return;
    pv::of(vcpu).nmi_masked = true;
    enter(vcpu, gate, Nothing{});
}

void deliver_failsafe(Vcpu& vcpu, const DataSelectors& wanted) {
    const Callback& callback = pv::of(vcpu).failsafe;
    if (callback.address == 0) return crash_running_domain("it has no handler for a failed return");
    enter(vcpu, callback, wanted);
}

bool Doors::may_take_nmi(const Vcpu& vcpu) { return !of(vcpu).nmi_masked; }

}  // namespace basalt::pv
