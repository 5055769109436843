// A hardware-assisted guest that does what a list says, one act after the other, and leaves what came of each: for what a
// processor answers, there are more questions than kernels.
#pragma once

#include "hardware_domain.hpp"

namespace kit {

struct Act {
    enum What : std::uint32_t { end, cpuid, read_msr, write_msr, set_xcr, get_xcr, set_cr4, get_cr4 };
    What what = end;
    std::uint32_t number = 0;   // leaf, MSR, or XCR
    std::uint32_t low = 0;      // the value; of CPUID, the subleaf
    std::uint32_t high = 0;
};
constexpr Act ask_leaf(std::uint32_t leaf, std::uint32_t subleaf = 0) { return {Act::cpuid, leaf, subleaf, 0}; }
constexpr Act read_msr(std::uint32_t number) { return {Act::read_msr, number, 0, 0}; }
constexpr Act write_msr(std::uint32_t number, std::uint64_t value) {
    return {Act::write_msr, number, static_cast<std::uint32_t>(value), static_cast<std::uint32_t>(value >> 32)};
}
constexpr Act set_xcr0(std::uint32_t value) { return {Act::set_xcr, 0, value, 0}; }
constexpr Act get_xcr0() { return {Act::get_xcr, 0, 0, 0}; }
constexpr Act set_cr4(std::uint32_t value) { return {Act::set_cr4, 0, value, 0}; }
constexpr Act get_cr4() { return {Act::get_cr4, 0, 0, 0}; }

// CPUID's four registers; else the value, and the exception that there was instead.
struct Outcome {
    std::uint32_t a, b, c, d;
    std::uint64_t value() const { return a | std::uint64_t{b} << 32; }
    std::uint32_t exception() const { return d; }
};

struct ListedActs : HardwareDomain {
    static constexpr unsigned most = 255;
    explicit ListedActs(std::span<const Act> acts);   // not yet run
    Outcome of(unsigned act) const { return {word(act * 4), word(act * 4 + 1), word(act * 4 + 2), word(act * 4 + 3)}; }
};

}
