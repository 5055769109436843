// Timers that end a domain's run (SHUTDOWN_watchdog) unless its guest sets them anew in time. Embedded in Domain.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/result.hpp"
#include "schedule/timers.hpp"

namespace basalt {

class Watchdogs {
public:
    Watchdogs() = default;
    Watchdogs(const Watchdogs&) = delete;
    Watchdogs& operator=(const Watchdogs&) = delete;

    // Ids count from 1. no_space: all are in use.
    Result<std::uint32_t> begin(std::uint32_t seconds);
    // invalid: not in use.
    Result<> renew(std::uint32_t id, std::uint32_t seconds);
    Result<> end(std::uint32_t id);
    void end_all();

private:
    static void due(Timer& timer);
    struct Watchdog : Timer {
        explicit Watchdog(Watchdogs& all) : Timer(due), owner(all) {}
        Watchdogs& owner;
        std::atomic<bool> in_use{false};
    };
    static constexpr std::size_t most = 2;   // as on Xen

    Result<Watchdog*> used(std::uint32_t id);

    std::array<Watchdog, most> watchdogs_{Watchdog(*this), Watchdog(*this)};
};

}  // namespace basalt
