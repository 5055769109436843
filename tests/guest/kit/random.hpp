// Random work: numbers from a seed, and acts chosen by weight. What the guest's command line says of it is read here too:
// boot_guest.py fuzz --words 'seed=5 calls=1000000'.
#pragma once

#include "memory.hpp"
#include "text.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace kit {

// Vigna's xorshift64*: small, and good enough to reach every case.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 | 1) {}
    std::uint64_t word() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }
    unsigned below(std::uint64_t end) { return static_cast<unsigned>((word() >> 11) % end); }
    bool one_in(std::uint64_t count) { return below(count) == 0; }
    template <class Element, std::size_t count>
    const Element& of(const std::array<Element, count>& some) {
        return some[below(count)];
    }

private:
    std::uint64_t state_;
};

// One thing that an actor may do, and how often beside the others.
template <class Actor>
struct Act {
    unsigned weight;
    void (Actor::*act)(Random&);
};

template <class Actor, std::size_t count>
void act(Actor& actor, const std::array<Act<Actor>, count>& acts, Random& random) {
    unsigned total = 0;
    for (const auto& each : acts) total += each.weight;
    unsigned left = random.below(total);
    for (const auto& each : acts) {
        if (left < each.weight) return (actor.*each.act)(random);
        left -= each.weight;
    }
}

// What the command line says, as name=number.
inline std::uint64_t told(std::string_view name, std::uint64_t otherwise) {
    const std::string_view line{reinterpret_cast<const char*>(start->cmd_line)};
    const auto at = line.find(name);
    if (at == line.npos) return otherwise;
    std::uint64_t value = 0;
    for (auto place = at + name.size(); place < line.size() && line[place] >= '0' && line[place] <= '9'; ++place)
        value = value * 10 + static_cast<std::uint64_t>(line[place] - '0');
    return value;
}

// Told, or another one each time; printed, so that a run can be had again.
inline std::uint64_t seed_of_run() {
    const std::uint64_t seed = told("seed=", __builtin_ia32_rdtsc() % 100'000);
    print("seed=", seed);
    return seed;
}

}
