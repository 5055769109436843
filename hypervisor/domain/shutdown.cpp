// The end of a domain's run, wished or not.
#include "debug/log.hpp"
#include "devices/shutdown.hpp"
#include "domain/audit.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"

namespace basalt {
namespace {

// The machine ends with the domain that drives it. It was Dom0 that could switch it off (enter_acpi_sleep).
[[noreturn]] void end_machine(unsigned reason) {
    if (reason != SHUTDOWN_crash) audit_if_wished();
    if (reason == SHUTDOWN_poweroff) {
        log(Level::error, "Dom0 has shut down: halting");
        halt_machine();
    }
    if (reason == SHUTDOWN_reboot) {
        log(Level::error, "Dom0 asks for a reboot: resetting");
        reset_machine();
    }
    reset_after_error("Dom0 has crashed");
}

void show_registers(const Vcpu& vcpu) {
    const Registers& r = vcpu.registers;
    log(Level::error, "rip {x16} cs {x} rflags {x} rsp {x16} ss {x}", r.rip, r.cs & 0xffff, r.rflags, r.rsp, r.ss & 0xffff);
    log(Level::error, "rax {x16} rbx {x16} rcx {x16} rdx {x16}", r.rax, r.rbx, r.rcx, r.rdx);
    log(Level::error, "rsi {x16} rdi {x16} rbp {x16} r8  {x16}", r.rsi, r.rdi, r.rbp, r.r8);
    log(Level::error, "r9  {x16} r10 {x16} r11 {x16} r12 {x16}", r.r9, r.r10, r.r11, r.r12);
    log(Level::error, "r13 {x16} r14 {x16} r15 {x16} guest {}", r.r13, r.r14, r.r15,
        vcpu.pv.in_kernel ? "kernel" : "user");
}

}  // namespace

void shut_down(Domain& domain, unsigned reason) {
    const auto given = static_cast<std::uint8_t>(reason);
    if (domain.privileged) end_machine(domain.run_end.name(given));
    if (!domain.run_end.end(given)) return;
    domain.settle_vcpus();
    tell_tools_of_end();
    reschedule();
}

void crash_running_domain(std::string_view reason) {
    const Vcpu& vcpu = running();
    log(Level::error, "d{}v{} crashed: {}", vcpu.domain.id, vcpu.id, reason);
    show_registers(vcpu);
    shut_down(vcpu.domain, SHUTDOWN_crash);
}

}  // namespace basalt
