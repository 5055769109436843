#include "devices/local_apic_registers.hpp"

namespace basalt {
namespace {

constexpr std::uint32_t command_pending = 1 << 12;   // interrupt command register, figure 11-12

}  // namespace

void LocalApicAccess::command(std::uint32_t destination, std::uint32_t word) const {
    if (by_msr) {
        asm volatile("mfence; lfence" : : : "memory");      // 11.12.3: the write does not wait for earlier stores
        write_msr(x2apic_msr(LocalRegister::command_low), std::uint64_t{destination} << 32 | word);
        return;
    }
    wait_until_sent();
    write(LocalRegister::command_high, destination << 24);
    write(LocalRegister::command_low, word);
}

// An NMI may come between the two writes above, and sends by this: it leaves the destination alone, and the register free.
void LocalApicAccess::command_by_shorthand(std::uint32_t word) const {
    if (by_msr) return command(0, word);
    wait_until_sent();
    write(LocalRegister::command_low, word);
    wait_until_sent();
}

void LocalApicAccess::wait_until_sent() const {
    while (read(LocalRegister::command_low) & command_pending) pause_briefly();
}

}  // namespace basalt
