#include "regions.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "core/lock.hpp"
#include "core/per_cpu.hpp"

namespace basalt::interleaved {

void Regions::add(std::string name, const void* begin, const void* end, Accesses accesses, Guarded guarded) {
    regions_.push_back(
        {std::move(name), static_cast<const std::byte*>(begin), static_cast<const std::byte*>(end), accesses, guarded});
}

void Regions::guard(const void* begin, Guarded guarded) {
    for (Region& region : regions_)
        if (region.begin == begin) region.guarded = guarded;
}

const Regions::Region* Regions::region_of(const volatile void* place) const {
    const auto* const at = static_cast<const volatile std::byte*>(place);
    for (const Region& region : regions_)
        if (std::less_equal<>{}(region.begin, at) && std::less<>{}(at, region.end)) return &region;
    return nullptr;
}

std::uint64_t Regions::sum_of(const Region& region) {
    std::uint64_t sum = 0;
    for (auto at = region.begin; at + sizeof(std::uint64_t) <= region.end; at += sizeof(std::uint64_t)) {
        std::uint64_t word;
        std::memcpy(&word, at, sizeof word);
        if (word == 0) continue;
        auto mixed = (word + reinterpret_cast<std::uintptr_t>(at) * 0x9e37'79b9'7f4a'7c15) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ mixed >> 30) * 0x94d0'49bb'1331'11eb;
        sum += mixed ^ mixed >> 31;
    }
    return sum;
}

std::uint64_t Regions::key() {
    std::uint64_t sum = 0;
    for (const Region& region : regions_) sum += sum_of(region);
    return sum;
}

bool Regions::takes_lock(const volatile void* lock) {
    const Region* const found = region_of(lock);
    if (found == nullptr || found->guarded == by_none) return false;
    stand_before_lock(static_cast<const volatile std::uint32_t*>(lock));
    for (const Region& region : regions_)
        if (region.guarded == found->guarded) learn(sum_of(region));
    return true;
}

bool Regions::watches(const volatile void* place, std::size_t) {
    if (running() == nobody) return false;
    const Region* const region = region_of(place);
    return region != nullptr && region->accesses == Accesses::watched;
}

std::uint64_t Regions::to_be_stored(volatile void* place, std::size_t, std::uint64_t found, std::uint64_t wanted) {
    change();
    const Region* const region = is_traced() ? region_of(place) : nullptr;
    if (region == nullptr) return wanted;
    std::array<char, 120> line;
    std::snprintf(line.data(), line.size(), "%s+%#zx: %#llx -> %#llx", region->name.c_str(),
                  static_cast<std::size_t>(static_cast<volatile std::byte*>(place) - region->begin),
                  static_cast<unsigned long long>(found), static_cast<unsigned long long>(wanted));
    say(line.data());
    return wanted;
}

}    // namespace basalt::interleaved

// What every room asks of the machine.
namespace basalt {

CpuId current_cpu() { return CpuId(interleaved::running() == interleaved::nobody ? 0 : interleaved::running()); }

void while_waiting() { interleaved::wait_for_change(); }
void lock_waits() {}
void lock_taken(Rank) {}
void lock_dropped(Rank) {}

void assertion_failed(const char* claim, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
    std::abort();
}

}    // namespace basalt
