#include "domain/crash_report.hpp"

#include <array>

#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "domain/guest_messages.hpp"
#include "domain/guest_pointer.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

void show_general_registers(const Vcpu& vcpu) {
    const Registers& r = vcpu.registers;
    log(Level::error, "rip {x16} cs {x} rflags {x} rsp {x16} ss {x}", r.rip, r.cs & 0xffff, r.rflags, r.rsp, r.ss & 0xffff);
    log(Level::error, "rax {x16} rbx {x16} rcx {x16} rdx {x16}", r.rax, r.rbx, r.rcx, r.rdx);
    log(Level::error, "rsi {x16} rdi {x16} rbp {x16} r8  {x16}", r.rsi, r.rdi, r.rbp, r.r8);
    log(Level::error, "r9  {x16} r10 {x16} r11 {x16} r12 {x16}", r.r9, r.r10, r.r11, r.r12);
    log(Level::error, "r13 {x16} r14 {x16} r15 {x16} guest {}", r.r13, r.r14, r.r15,
        vcpu.pv.in_kernel ? "kernel" : "user");
}

// As the guest finds them; CR2 is that of the last page fault it was told of.
void show_control_registers(const Vcpu& vcpu) {
    const PvVcpu& pv = vcpu.pv;
    const vcpu_info* const info = vcpu.events.info();
    const Mfn root = pv.in_kernel ? pv.kernel_root : pv.user_root;
    log(Level::error, "cr0 {x} cr2 {x16} cr3 {x} cr4 {x}", read_cr0(), info != nullptr ? info->arch.cr2 : 0,
        root.raw << page_shift, pv.cr4);
    log(Level::error, "fs base {x16} gs base {x16}, and {x16} of {} mode", read_fs_base(), read_gs_base(),
        read_gs_base_behind_swap(), pv.in_kernel ? "user" : "kernel");
}

void show_stack(const Vcpu& vcpu) {
    constexpr unsigned lines = 4;
    GuestPointer<std::uint64_t> from(vcpu.registers.rsp);
    for (unsigned line = 0; line < lines; ++line) {
        std::array<std::uint64_t, 4> words;
        if (!from.read(std::span(words))) return log(Level::error, "stack: not readable at {x16}", from.address());
        log(Level::error, "stack {x16} {x16} {x16} {x16}", words[0], words[1], words[2], words[3]);
        from = from + words.size();
    }
}

}  // namespace

void report_crash(const Vcpu& running, std::string_view reason, bool with_stack) {
    if (!may_tell_about(running.domain, Level::error)) return;
    log(Level::error, "d{}v{} crashed: {}", running.domain.id, running.id, reason);
    show_general_registers(running);
    show_control_registers(running);
    if (with_stack) show_stack(running);
}

}  // namespace basalt
