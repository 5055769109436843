// Intel SDM volume 3, 11.5.4.
#include "devices/timer.hpp"

#include <algorithm>

#include "core/once.hpp"
#include "devices/clock.hpp"
#include "devices/local_apic_registers.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/registers.hpp"
#include "schedule/timers.hpp"

namespace basalt {
namespace {

constexpr std::uint32_t masked = 1 << 16;
constexpr std::uint32_t one_shot = 0 << 17;
constexpr std::uint32_t tsc_deadline = 2 << 17;
constexpr std::uint32_t divide_by_1 = 0xb;
constexpr std::uint64_t longest_count = 0xffff'ffff;
constexpr Nanoseconds longest_wait = milliseconds(3'600'000);

struct Scales {
    ClockScale to_tsc, to_count;
};
constinit Once<Scales> from_nanoseconds;

}  // namespace

void start_local_timer_count() {
    local_apic().write(LocalRegister::divide, divide_by_1);
    local_apic().write(LocalRegister::timer, masked | one_shot);
    local_apic().write(LocalRegister::initial_count, static_cast<std::uint32_t>(longest_count));
}

std::uint64_t local_timer_count() { return longest_count - local_apic().read(LocalRegister::current_count); }

void set_timer_rates(std::uint64_t tsc_hz, std::uint64_t local_timer_hz) {
    from_nanoseconds.set({.to_tsc = scale_between(nanoseconds_per_second, tsc_hz),
                          .to_count = scale_between(nanoseconds_per_second, local_timer_hz)});
}

void start_local_timer() {
    const auto mode = features().tsc_deadline ? tsc_deadline : one_shot;
    local_apic().write(LocalRegister::divide, divide_by_1);
    local_apic().write(LocalRegister::initial_count, 0);
    local_apic().write(LocalRegister::timer, mode | static_cast<std::uint32_t>(vector::timer));
    asm volatile("mfence" : : : "memory");      // 11.5.4.1: the mode is in force before a deadline is written
}

// An interrupt that comes before its deadline does no harm: whoever asked looks at the clock and asks again. One that is
// due already needs no interrupt: it is seen to before the guest is entered.
void program_timer(Instant deadline) {
    const Instant now = system_time();
    if (deadline <= now) return raise_here(Work::timer);
    const auto near = brought_nearer(deadline.raw, now.raw, longest_wait);
    if (features().tsc_deadline) {
        const auto& line = time_line();
        const auto since = near > line.system_base ? near - line.system_base : 0;
        write_msr(msr::tsc_deadline, deadline == never ? 0 : line.tsc_origin + from_nanoseconds->to_tsc.apply(since) + 1);
        return;
    }
    const auto count = deadline == never ? 0 : std::min(from_nanoseconds->to_count.apply(near - now.raw) + 1, longest_count);
    local_apic().write(LocalRegister::initial_count, static_cast<std::uint32_t>(count));
}

}  // namespace basalt
