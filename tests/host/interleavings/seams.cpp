// What memory/ and paging/ ask of the machine and of domains.
#include <cstdio>
#include <cstdlib>

#include "core/lock.hpp"
#include "paging/audit.hpp"
#include "paging/seams.hpp"

#include "world.hpp"

namespace basalt {

using interleaved::World;

FlushTime flush_time() {
    interleaved::stand();
    const auto now = World::now().read_clock();
    interleaved::learn(now);
    return now;
}
void advance_flush_time() {
    interleaved::stand();
    World::now().advance_clock();
}
void flush_cpus_behind(FlushTime time) {
    World::now().flush_behind(time);
}

void while_waiting() {
    interleaved::wait_for_change();
}
void lock_taken(Rank) {}
void lock_dropped(Rank) {}

DomainMemory* domain_memory_of(DomainId owner) {
    return World::now().account(owner);
}
void account_is_empty(DomainMemory&) {}

void assertion_failed(const char* claim, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
    std::abort();
}

namespace paging {

Lending lending(DomainId, Mfn, bool) {
    return Lending::none;
}
DeviceAccess device_access(DomainId, Mfn) {
    return DeviceAccess::none;
}
EntryLimits entry_limits() {
    return {Entry::frame_bits & ~((std::uint64_t{1} << 46) - 1)};
}

std::span<const std::uint64_t, hypervisor_slots> hypervisor_l4_entries(DomainId) {
    static constexpr std::array<std::uint64_t, hypervisor_slots> none{};
    return none;
}

}    // namespace paging
}    // namespace basalt
