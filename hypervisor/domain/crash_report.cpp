#include "domain/crash_report.hpp"

#include <array>

#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "domain/doors.hpp"
#include "domain/guest_messages.hpp"
#include "domain/guest_pointer.hpp"

namespace basalt {
namespace {

void show_general_registers(const Vcpu& vcpu) {
    const Registers& r = vcpu.registers;
    log(Level::error, "rip {x16} cs {x} rflags {x} rsp {x16} ss {x}", r.rip, r.cs & 0xffff, r.rflags, r.rsp, r.ss & 0xffff);
    log(Level::error, "rax {x16} rbx {x16} rcx {x16} rdx {x16}", r.rax, r.rbx, r.rcx, r.rdx);
    log(Level::error, "rsi {x16} rdi {x16} rbp {x16} r8  {x16}", r.rsi, r.rdi, r.rbp, r.r8);
    log(Level::error, "r9  {x16} r10 {x16} r11 {x16} r12 {x16}", r.r9, r.r10, r.r11, r.r12);
    log(Level::error, "r13 {x16} r14 {x16} r15 {x16} guest {}", r.r13, r.r14, r.r15, shown(vcpu).mode);
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
    log_control_registers(running);
    if (with_stack) show_stack(running);
}

}  // namespace basalt
