// Commands of an xAPIC, which are two writes: an NMI may come between them, and send by a shorthand.
#include "devices/local_apic_registers.hpp"

#include <gtest/gtest.h>

#include <array>

namespace basalt {
namespace {

class Xapic : public testing::Test {
protected:
    std::uint32_t& at(LocalRegister which) { return registers_[static_cast<std::uint32_t>(which) / sizeof(std::uint32_t)]; }

private:
    alignas(4096) std::array<std::uint32_t, 1024> registers_{};

protected:
    const LocalApicAccess apic_{.registers = reinterpret_cast<std::byte*>(registers_.data()), .by_msr = false};
};

TEST_F(Xapic, ACommandNamesItsDestinationAndThenWhatToDo) {
    apic_.command(3, 0xfb);
    EXPECT_EQ(at(LocalRegister::command_high), 3u << 24);
    EXPECT_EQ(at(LocalRegister::command_low), 0xfbu);
}

TEST_F(Xapic, AShorthandLeavesTheDestinationAloneThatAnotherCommandHasNamed) {
    apic_.write(LocalRegister::command_high, 5u << 24);
    apic_.command_by_shorthand(1 << 18 | 0xfb);
    EXPECT_EQ(at(LocalRegister::command_high), 5u << 24);
    EXPECT_EQ(at(LocalRegister::command_low), 1u << 18 | 0xfb);
}

}  // namespace
}  // namespace basalt
