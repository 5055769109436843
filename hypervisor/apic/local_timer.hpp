// A local APIC's timer as a function of time: SDM 11.5.4. Nothing ticks: what it shows is computed when it is looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "core/number.hpp"

namespace basalt::apic {

using Time = Number<struct GuestNanoseconds>;    // goes on whether or not the vcpu runs, and never back
using Tsc = Number<struct GuestTimeStamp>;       // as the guest reads it

struct Now {
    Time time;
    Tsc tsc;
};

using Deadline = std::variant<std::monostate, Time, Tsc>;    // monostate: it does not fire

enum class TimerMode : std::uint8_t { one_shot, periodic, tsc_deadline, reserved };    // bits 17 and 18 of its entry

struct LocalTimer {
    static constexpr std::uint64_t bus_cycle = 10;    // nanoseconds, as on Xen 4.17

    TimerMode mode = TimerMode::one_shot;
    std::uint8_t divide = 0;            // the register
    std::uint32_t initial_count = 0;
    std::optional<Time> zero;           // when the count will be 0, while it counts
    std::optional<Tsc> tsc_deadline;    // while there is one

    constexpr bool operator==(const LocalTimer&) const = default;

    constexpr bool counts() const { return mode == TimerMode::one_shot || mode == TimerMode::periodic; }
    constexpr std::uint32_t divisor() const {
        const std::uint32_t code = (divide & 3u) | (divide & 8u) >> 1;    // 2, 4, ..., 128, 1 (SDM figure 11-10)
        return code == 7 ? 1 : 2u << code;
    }
    constexpr std::uint64_t tick() const { return bus_cycle * divisor(); }
    constexpr std::uint64_t period() const { return initial_count * tick(); }

    Deadline deadline() const;
    std::uint32_t current_count(Now now) const;
    // Whether it has come to its end meanwhile. Ends that were missed count as one.
    bool expire(Now now);

    // Each is told of a timer that has been asked to expire by then.
    void set_mode(TimerMode wanted);
    void set_divide(std::uint8_t wanted, Now now);
    void start(std::uint32_t count, Now now);             // in other modes than those that count: nothing
    void start_from(std::uint32_t remaining, Now now);    // of the initial count there is
    void set_deadline(Tsc wanted);                        // in other modes than its own: nothing
};

}  // namespace basalt::apic
