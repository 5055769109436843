#include "devices/clock.hpp"

#include <algorithm>
#include <atomic>

#include "core/assert.hpp"
#include "core/once.hpp"
#include "debug/log.hpp"
#include "devices/clock_check.hpp"
#include "devices/reference_clocks.hpp"
#include "devices/start.hpp"
#include "devices/timer.hpp"
#include "devices/wall_clock.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

constinit Once<TimeLine> line;
constinit Once<std::uint64_t> hz;

struct Reading {
    std::uint64_t tsc = 0;
    std::uint64_t other = 0;
};

// Both at one moment: of several tries, the one that the least time passed in.
template <typename Read>
Reading read_together(Read read) {
    Reading best;
    auto shortest = ~std::uint64_t{0};
    for (int tries = 0; tries < 32; ++tries) {
        const auto before = read_tsc_in_order();
        const auto other = read();
        const auto after = read_tsc_in_order();
        if (after - before >= shortest) continue;
        shortest = after - before;
        best = {before + (after - before) / 2, other};
    }
    return best;
}

constexpr std::uint64_t measured_for_ms = 20;

void wait_for(const ReferenceClock& clock, std::uint64_t milliseconds) {
    const auto begin = clock.read();
    const auto wanted = clock.hz * milliseconds / 1000;
    while (clock.ticks_between(begin, clock.read()) < wanted) pause_briefly();
}

constexpr std::uint64_t difference(std::uint64_t one, std::uint64_t other) { return one > other ? one - other : other - one; }

// The first clock is believed; the others are asked whether they agree to a hundredth.
struct Rates {
    std::uint64_t tsc = 0;
    std::uint64_t local_timer = 0;
};
Rates measure() {
    const auto clocks = reference_clocks();
    if (clocks.empty()) {
        log(Level::error, "no HPET, PM timer or PIT: the TSC is taken to run at 1 GHz, and time will be wrong");
        return {nanoseconds_per_second, nanoseconds_per_second};
    }
    std::array<Reading, 3> begin, end;
    start_local_timer_count();
    const auto count_begin = read_together(local_timer_count);
    for (std::size_t index = 0; index < clocks.size(); ++index) begin[index] = read_together(clocks[index].read);
    wait_for(clocks[0], measured_for_ms);
    for (std::size_t index = 0; index < clocks.size(); ++index) end[index] = read_together(clocks[index].read);
    const auto count_end = read_together(local_timer_count);

    Rates rates;
    for (std::size_t index = 0; index < clocks.size(); ++index) {
        const auto ticks = clocks[index].ticks_between(begin[index].other, end[index].other);
        const auto rate = rate_of(end[index].tsc - begin[index].tsc, ticks, clocks[index].hz);
        if (index == 0) rates.tsc = rate;
        const bool agrees = difference(rate, rates.tsc) <= rates.tsc / 100;
        log(agrees ? Level::info : Level::warning, "TSC: {} kHz by the {}{}", rate / 1000, clocks[index].name,
            agrees ? "" : ", which disagrees");
    }
    rates.local_timer = rate_of(count_end.other - count_begin.other, count_end.tsc - count_begin.tsc, rates.tsc);
    return rates;
}

}  // namespace

// Time begins with the measurement. Its end is what guests are told: there system time is no longer zero, which a guest
// could take for a page not yet written.
void start_time() {
    const auto begin = read_tsc_in_order();
    const auto rates = measure();
    hz.set(rates.tsc);
    const auto origin = read_tsc_in_order();
    const auto scale = scale_of(rates.tsc);
    line.set({.tsc_origin = origin, .system_base = scale.apply(origin - begin), .scale = scale});
    set_timer_rates(rates.tsc, rates.local_timer);
    start_local_timer();
    read_battery_clock();
    log(Level::info, "timer: {}, {} kHz{}", features().tsc_deadline ? "TSC deadline" : "local APIC",
        (features().tsc_deadline ? rates.tsc : rates.local_timer) / 1000,
        features().invariant_tsc ? "; the TSC is invariant" : "");
}

const TimeLine& time_line() { return *line; }
std::uint64_t tsc_hz() { return *hz; }

Instant system_time_at(std::uint64_t tsc) {
    // A CPU whose TSC lags may read less than the origin; time begins there.
    const auto since = static_cast<std::int64_t>(tsc - line->tsc_origin);
    return Instant(line->system_base + (since > 0 ? line->scale.apply(static_cast<std::uint64_t>(since)) : 0));
}

Instant system_time() { return system_time_at(read_tsc_in_order()); }

// Until the TSC is measured it is taken to be fast: waiting too long does no harm.
void wait_microseconds(std::uint64_t count) {
    constexpr std::uint64_t fastest_mhz = 6000;
    const auto begin = read_tsc();
    const auto ticks = hz.is_set() ? count * (*hz / 1000) / 1000 : count * fastest_mhz;
    while (read_tsc() - begin < ticks) pause_briefly();
}

}  // namespace basalt
