#include "domain/guest_time.hpp"

#include <atomic>

#include "devices/clock.hpp"
#include "domain/guest_pointer.hpp"

namespace basalt {
namespace {

vcpu_time_info time_now() {
    const TimeLine& line = time_line();
    vcpu_time_info time{};
    time.tsc_timestamp = line.tsc_origin;
    time.system_time = line.system_base;
    time.tsc_to_system_mul = line.scale.multiplier;
    time.tsc_shift = line.scale.shift;
    time.flags = clock_is_stable() ? XEN_PVCLOCK_TSC_STABLE_BIT : 0;
    return time;
}

// An odd version says that the fields are being written.
template <typename Version, typename Write>
void versioned(Version& version, Write write) {
    const std::atomic_ref<Version> word(version);
    word.fetch_add(1, std::memory_order_acquire);
    write();
    std::atomic_thread_fence(std::memory_order_release);
    word.fetch_add(1, std::memory_order_release);
}

}  // namespace

void publish_time(Vcpu& vcpu) {
    vcpu_info* const info = vcpu.events.info();
    if (info == nullptr) return;
    vcpu_time_info next = time_now();
    info->time.version &= ~std::uint32_t{1};
    versioned(info->time.version, [&] {
        next.version = info->time.version;
        info->time = next;
    });
}

void publish_time_area(Vcpu& vcpu) {
    if (vcpu.time_area == 0) return;
    vcpu_time_info time = time_now();
    time.version = 2;
    static_cast<void>(GuestPointer<vcpu_time_info>(vcpu.time_area).write(time));
}

void publish_wall_clock(Domain& domain) {
    const WallClock clock = wall_clock();
    shared_info_t& shared = *domain.shared_info;
    shared.wc_version &= ~std::uint32_t{1};
    versioned(shared.wc_version, [&] {
        shared.wc_sec = static_cast<std::uint32_t>(clock.seconds);
        shared.wc_sec_hi = static_cast<std::uint32_t>(clock.seconds >> 32);
        shared.wc_nsec = clock.nanoseconds;
    });
}

void wall_clock_changed() {
    for_each_domain([](Domain& domain) { publish_wall_clock(domain); });
}

}  // namespace basalt
