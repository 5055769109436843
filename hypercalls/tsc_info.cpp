// The TSC of a domain is the machine's, at its own pace: read by the processor, or, where tools want each read to be
// trapped, by Basalt.
#include "abi/domctl.hpp"
#include "devices/clock.hpp"
#include "hypercalls/cpu_policies.hpp"
#include "hypercalls/domctl_calls.hpp"

namespace basalt::hypercalls {
namespace {

// The pace is measured anew at each boot, and never twice quite the same.
bool is_own_pace(std::uint64_t kilohertz) {
    const std::uint64_t own = tsc_hz() / 1000;
    return kilohertz - own < own / 1000 || own - kilohertz < own / 1000;
}

}  // namespace

Result<> get_tsc_info(Domain& domain, xen_domctl_t& request) {
    auto& info = request.u.tsc_info;
    info = {};
    const TscMode mode = domain.cpus().tsc_mode.load(std::memory_order_relaxed);
    info.tsc_mode = static_cast<std::uint32_t>(mode);
    info.incarnation = domain.cpus().tsc_incarnation.load(std::memory_order_relaxed);
    if (mode == TscMode::never_emulated) return {};
    info.gtsc_khz = static_cast<std::uint32_t>(tsc_hz() / 1000);
    info.elapsed_nsec = system_time().raw;
    return {};
}

// A vcpu that runs has the CPU's side of its mode loaded.
Result<> set_tsc_info(Steering& steering, xen_domctl_t& request) {
    const auto& info = request.u.tsc_info;
    const TscMode mode{info.tsc_mode};
    if (mode > TscMode::never_emulated) return refuse(Error::invalid);
    const bool other_pace = info.gtsc_khz != 0 && !is_own_pace(info.gtsc_khz);
    if (mode != TscMode::never_emulated && other_pace) return refuse(Error::not_supported);
    Paused(steering).choose(mode, info.incarnation + 1);
    return {};
}

}  // namespace basalt::hypercalls
