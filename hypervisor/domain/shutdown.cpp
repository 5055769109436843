// The end of a domain's run, wished or not.
#include <utility>

#include "abi/sched.hpp"
#include "debug/log.hpp"
#include "devices/shutdown.hpp"
#include "domain/audit.hpp"
#include "domain/crash_report.hpp"
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
    running().crash_due = reason;
    reschedule();
}

void end_after_machine_check() {
    report_crash(running(), "a machine check has hit it", false);
    shut_down(running().domain, SHUTDOWN_crash);
}

void crash_if_due(Vcpu& running) {
    if (running.crash_due.empty()) return;
    report_crash(running, std::exchange(running.crash_due, {}), true);
    shut_down(running.domain, SHUTDOWN_crash);
}

}  // namespace basalt
