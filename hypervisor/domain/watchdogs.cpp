#include "domain/watchdogs.hpp"

#include "abi/sched.hpp"
#include "domain/domain.hpp"
#include "domain/guest_messages.hpp"
#include "domain/run.hpp"

namespace basalt {
namespace {

Instant in_seconds(std::uint32_t seconds) { return later(system_time(), milliseconds(1000) * seconds); }

}  // namespace

void Watchdogs::due(Timer& timer) {
    Domain& domain = PartOf<Domain, Watchdogs>::whole_of(static_cast<Watchdog&>(timer).owner);
    log_about(domain, Level::warning, "d{}: its watchdog has not been set anew in time", domain.id);
    shut_down(domain, SHUTDOWN_watchdog);
}

Result<std::uint32_t> Watchdogs::begin(std::uint32_t seconds) {
    for (std::uint32_t id = 1; id <= most; ++id) {
        Watchdog& watchdog = watchdogs_[id - 1];
        if (watchdog.in_use.exchange(true)) continue;
        timers().set(watchdog, in_seconds(seconds));
        return id;
    }
    return refuse(Error::no_space);
}

Result<Watchdogs::Watchdog*> Watchdogs::used(std::uint32_t id) {
    if (id > most || !watchdogs_[id - 1].in_use.load()) return refuse(Error::invalid);
    return &watchdogs_[id - 1];
}

Result<> Watchdogs::renew(std::uint32_t id, std::uint32_t seconds) {
    timers().set(*TRY(used(id)), in_seconds(seconds));
    return {};
}

Result<> Watchdogs::end(std::uint32_t id) {
    Watchdog& watchdog = *TRY(used(id));
    timers().cancel(watchdog);
    watchdog.in_use.store(false);
    return {};
}

void Watchdogs::end_all() {
    for (Watchdog& watchdog : watchdogs_) timers().cancel(watchdog);
}

}  // namespace basalt
