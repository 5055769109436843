// The TSC of a domain is the machine's: it runs natively, at its own pace, and is not emulated.
#include "devices/clock.hpp"
#include "hypercalls/cpu_policies.hpp"

namespace basalt::hypercalls {
namespace {

// tsc_mode of xen_domctl_tsc_info, whose values <xen/arch-x86/cpuid.h> 4.17 names in words only. 3 is gone.
enum Mode : std::uint32_t { as_fits_best, always_emulate, never_emulate };

// The pace is measured anew at each boot, and never twice quite the same.
bool is_own_pace(std::uint64_t kilohertz) {
    const std::uint64_t own = tsc_hz() / 1000;
    return kilohertz - own < own / 1000 || own - kilohertz < own / 1000;
}

}  // namespace

Result<> get_tsc_info(Domain& domain, xen_domctl_t& request) {
    auto& info = request.u.tsc_info;
    info = {};
    info.tsc_mode = domain.cpus.tsc_mode.load(std::memory_order_relaxed);
    info.incarnation = domain.cpus.tsc_incarnation.load(std::memory_order_relaxed);
    if (info.tsc_mode == never_emulate) return {};
    info.gtsc_khz = static_cast<std::uint32_t>(tsc_hz() / 1000);
    info.elapsed_nsec = system_time().raw;
    return {};
}

// The default is native wherever the domain expects the pace that the machine has.
Result<> set_tsc_info(Domain& domain, xen_domctl_t& request) {
    const auto& info = request.u.tsc_info;
    const bool other_pace = info.gtsc_khz != 0 && !is_own_pace(info.gtsc_khz);
    switch (info.tsc_mode) {
        case as_fits_best:
            if (other_pace) return refuse(Error::not_supported);
            break;
        case never_emulate: break;
        case always_emulate: return refuse(Error::not_supported);
        default: return refuse(Error::invalid);
    }
    domain.cpus.tsc_mode.store(info.tsc_mode, std::memory_order_relaxed);
    domain.cpus.tsc_incarnation.store(info.incarnation + 1, std::memory_order_relaxed);
    return {};
}

}  // namespace basalt::hypercalls
