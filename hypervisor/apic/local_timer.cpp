#include "apic/local_timer.hpp"

namespace basalt::apic {

Deadline LocalTimer::deadline() const {
    if (zero) return *zero;
    if (tsc_deadline) return *tsc_deadline;
    return {};
}

std::uint32_t LocalTimer::current_count(Now now) const {
    if (!zero) return 0;
    std::uint64_t left = 0;
    if (now.time < *zero) {
        left = *zero - now.time;
    } else if (mode == TimerMode::periodic) {
        left = period() - (now.time - *zero) % period();
    }
    return static_cast<std::uint32_t>((left + tick() - 1) / tick());
}

bool LocalTimer::expire(Now now) {
    if (tsc_deadline) {
        if (now.tsc < *tsc_deadline) return false;
        tsc_deadline.reset();
        return true;
    }
    if (!zero || now.time < *zero) return false;
    if (mode == TimerMode::periodic) {
        const std::uint64_t late = now.time - *zero;
        zero = now.time + (period() - late % period());
    } else {
        zero.reset();
    }
    return true;
}

// Between the two modes that count, the count goes on. Any other change disarms (SDM 11.5.4.1).
void LocalTimer::set_mode(TimerMode wanted) {
    const bool counted = counts(), differs = wanted != mode;
    mode = wanted;
    if (!differs || (counted && counts())) return;
    initial_count = 0;
    zero.reset();
    tsc_deadline.reset();
}

// The count stays as it is, and goes on at the new rate.
void LocalTimer::set_divide(std::uint8_t wanted, Now now) {
    const std::uint32_t before = divisor();
    divide = wanted;
    if (zero && now.time < *zero) zero = now.time + ((*zero - now.time) * divisor() + before - 1) / before;
}

void LocalTimer::start(std::uint32_t count, Now now) {
    if (!counts()) return;
    initial_count = count;
    start_from(count, now);
}

void LocalTimer::start_from(std::uint32_t remaining, Now now) {
    zero.reset();
    if (remaining != 0) zero = now.time + remaining * tick();
}

void LocalTimer::set_deadline(Tsc wanted) {
    if (mode != TimerMode::tsc_deadline) return;
    tsc_deadline.reset();
    if (wanted != Tsc(0)) tsc_deadline = wanted;
}

}  // namespace basalt::apic
