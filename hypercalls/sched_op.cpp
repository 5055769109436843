// Giving the CPU away, for a while or for good (<xen/sched.h>).
#include <array>

#include "abi/event_channel.hpp"
#include "abi/sched.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "hypercalls/commands.hpp"
#include "table/sched_op.hpp"

namespace basalt::hypercalls {
namespace {

Result<> yield() {
    scheduler().yield(running().unit);
    return {};
}

Result<> block() {
    running().events.wait();
    return {};
}

constexpr std::size_t most_polled = 128;

Result<> poll(const sched_poll_t& request) {
    if (request.nr_ports > most_polled) return refuse(Error::invalid);
    std::array<evtchn_port_t, most_polled> room;
    const auto ports = std::span(room).first(request.nr_ports);
    TRY(GuestPointer<evtchn_port_t>(request.ports.p).read(ports));
    return running().events.poll(ports, request.timeout);
}

Result<> shutdown(const sched_shutdown_t& request) {
    // Dom0's kernel may have said nothing yet: where it gave up is what there is to know.
    if (request.reason == SHUTDOWN_crash && running().domain.privileged)
        crash_running_domain("it asked for it");
    else
        shut_down(running().domain, static_cast<std::uint8_t>(request.reason));
    return {};
}

Result<> shutdown_code(const sched_shutdown_t& request) {
    running().domain.run_end.name(static_cast<std::uint8_t>(request.reason));
    return {};
}

Result<> remote_shutdown(Domain& domain, const sched_remote_shutdown_t& request) {
    shut_down(domain, static_cast<std::uint8_t>(request.reason));
    return {};
}

// Without an id, a new one: the answer is its id. With one, it is set anew, or ended by a timeout of 0.
Result<std::uint32_t> watchdog(const sched_watchdog_t& request) {
    Watchdogs& watchdogs = running().domain.watchdogs;
    if (request.id == 0) return watchdogs.begin(request.timeout);
    TRY(request.timeout == 0 ? watchdogs.end(request.id) : watchdogs.renew(request.id, request.timeout));
    return 0;
}

// A negative CPU ends it.
Result<> pin_override(const sched_pin_override_t& request) {
    SchedulingUnit& unit = running().unit;
    if (request.pcpu >= 0) {
        if (static_cast<std::size_t>(request.pcpu) >= most_cpus) return refuse(Error::invalid);
        return scheduler().pin(unit, CpuId(static_cast<std::uint32_t>(request.pcpu)));
    }
    if (!unit.pinned()) return refuse(Error::invalid);
    scheduler().unpin(unit);
    return {};
}

constexpr auto commands = bind<table::sched_op>(does<SCHEDOP_yield, yield>, does<SCHEDOP_block, block>,
                                                does<SCHEDOP_shutdown, shutdown>, does<SCHEDOP_shutdown_code, shutdown_code>,
                                                does<SCHEDOP_poll, poll>, does<SCHEDOP_remote_shutdown, remote_shutdown>,
                                                does<SCHEDOP_watchdog, watchdog>, does<SCHEDOP_pin_override, pin_override>);

}  // namespace

// The vcpu leaves its CPU on the way back to the guest, with the answer already in its registers.
template <>
Ending hypercall<table::sched_op>(Call call) {
    return give(commands, call);
}

}  // namespace basalt::hypercalls
