// The local APIC's registers, table 11-1 of Intel SDM volume 3 (11-6 for the x2APIC): the same numbers either way.
#pragma once

#include <cstddef>
#include <cstdint>

#include "machine/instructions.hpp"

namespace basalt {

enum class LocalRegister : std::uint32_t {
    id = 0x20,
    task_priority = 0x80,
    end_of_interrupt = 0xb0,
    spurious = 0xf0,
    error_status = 0x280,
    command_low = 0x300,
    command_high = 0x310,
    timer = 0x320,
    lint0 = 0x350,
    lint1 = 0x360,
    error = 0x370,
    initial_count = 0x380,
    current_count = 0x390,
    divide = 0x3e0,
};

constexpr std::uint32_t x2apic_msr(LocalRegister which) { return 0x800 + (static_cast<std::uint32_t>(which) >> 4); }

struct LocalApicAccess {
    std::byte* registers = nullptr;
    bool by_msr = false;

    std::uint32_t read(LocalRegister which) const {
        if (by_msr) return static_cast<std::uint32_t>(read_msr(x2apic_msr(which)));
        return at(which);
    }
    void write(LocalRegister which, std::uint32_t value) const {
        if (by_msr)
            write_msr(x2apic_msr(which), value);
        else
            at(which) = value;
    }
    void command(std::uint32_t destination, std::uint32_t word) const;
    void command_by_shorthand(std::uint32_t word) const;

private:
    void wait_until_sent() const;
    volatile std::uint32_t& at(LocalRegister which) const {
        return *reinterpret_cast<volatile std::uint32_t*>(registers + static_cast<std::uint32_t>(which));
    }
};

const LocalApicAccess& local_apic();

}  // namespace basalt
