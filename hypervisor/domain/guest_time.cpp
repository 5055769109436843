#include "domain/guest_time.hpp"

#include <atomic>

#include "abi/xen.hpp"
#include "devices/clock.hpp"

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

Result<> place_time_area(Vcpu& vcpu, GuestPointer<vcpu_time_info> area) {
    if (!may_name(vcpu, area.address(), sizeof(vcpu_time_info))) return refuse(Error::bad_address);
    if (area.is_null()) return {};
    vcpu_time_info time = time_now();
    time.version = 2;
    static_cast<void>(area.write(time));
    return {};
}

namespace {

// By one CPU at a time: who holds the offset.
void write_wall_clock(shared_info_t& shared, std::int64_t offset) {
    const WallClock clock = wall_clock();
    const std::uint64_t seconds = clock.seconds + static_cast<std::uint64_t>(offset);
    shared.wc_version &= ~std::uint32_t{1};
    versioned(shared.wc_version, [&] {
        shared.wc_sec = static_cast<std::uint32_t>(seconds);
        shared.wc_sec_hi = static_cast<std::uint32_t>(seconds >> 32);
        shared.wc_nsec = clock.nanoseconds;
    });
}

}  // namespace

void publish_wall_clock(Domain& domain) {
    domain.clock_offset.with([&](std::int64_t& offset) { write_wall_clock(*domain.shared_info, offset); });
}

void set_clock_offset(Domain& domain, std::int64_t seconds) {
    domain.clock_offset.with([&](std::int64_t& offset) {
        offset = seconds;
        write_wall_clock(*domain.shared_info, offset);
    });
}

void wall_clock_changed() {
    for_each_domain([](Domain& domain) { publish_wall_clock(domain); });
}

}  // namespace basalt
