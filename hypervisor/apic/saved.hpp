// A local APIC as Xen's records hold it: hvm_hw_lapic and hvm_hw_lapic_regs of <xen/arch-x86/hvm/save.h>, whose members and
// words these are.
//
// What they have no room for is in words between the registers, which Xen loads and saves as they are: errors that the guest
// has not asked for yet, and that `current_count` is told. Where it is not, the count begins again, as it does on Xen.
#pragma once

#include <array>
#include <cstdint>

#include "apic/registers.hpp"

namespace basalt::apic {

struct Saved {
    static constexpr std::uint32_t hardware_disabled = 1, software_disabled = 2;

    std::uint64_t base = 0;
    std::uint32_t disabled = 0;
    std::uint32_t timer_divisor = 0;    // this and `disabled` are told by registers too, and loaded from there
    std::uint64_t tsc_deadline = 0;
    std::array<std::uint32_t, registers_end / 4> registers{};

    constexpr std::uint32_t& at(Register which) { return registers[static_cast<std::uint32_t>(which) / 4]; }
    constexpr std::uint32_t at(Register which) const { return registers[static_cast<std::uint32_t>(which) / 4]; }
    constexpr std::uint32_t& beside(Register which) { return registers[static_cast<std::uint32_t>(which) / 4 + 1]; }
    constexpr std::uint32_t beside(Register which) const { return registers[static_cast<std::uint32_t>(which) / 4 + 1]; }

    bool operator==(const Saved&) const = default;
};
static_assert(sizeof(Saved) == 24 + 1024);

}  // namespace basalt::apic
