#include "domain/vcpu.hpp"
#include "hypercalls/call.hpp"
#include "table/entries.hpp"

namespace basalt::hypercalls {
namespace {

constexpr std::uint64_t wrapped = std::uint64_t{1} << 63;
constexpr Nanoseconds farthest = Nanoseconds{1} << 50;   // 13 days
constexpr Nanoseconds soon = milliseconds(100);

// Nanoseconds of system time; 0 stops the timer. An instant that has wrapped, or that is absurdly far off, stands for
// something the guest has to do now, or for nothing at all: neither being late nor a busy loop is wanted, so it is soon.
Result<> set_timer_op(std::uint64_t deadline) {
    const Instant now = system_time();
    const bool absurd = deadline >= wrapped || (deadline > now.raw && deadline - now.raw >= farthest);
    running().timers.set_timer_op(absurd ? later(now, soon) : Instant(deadline));
    return {};
}

}   // namespace

template <>
Ending hypercall<table::set_timer_op>(Call call) {
    return decoded<set_timer_op>(call);
}

}  // namespace basalt::hypercalls
