#include "devices/reference_clocks.hpp"

#include "core/once.hpp"
#include "debug/log.hpp"
#include "devices/firmware.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

// IA-PC HPET specification 1.0a, 2.3: general capabilities, configuration, main counter.
constexpr std::size_t hpet_capabilities = 0x000;
constexpr std::size_t hpet_configuration = 0x010;
constexpr std::size_t hpet_counter = 0x0f0;
constexpr std::uint64_t hpet_running = 1;
constexpr std::uint64_t hpet_replaces_legacy = 2;
constexpr std::uint64_t femtoseconds_per_second = 1'000'000'000'000'000;

constinit Once<std::byte*> hpet_registers;

volatile std::uint64_t& hpet(std::size_t offset) {
    return *reinterpret_cast<volatile std::uint64_t*>(*hpet_registers + offset);
}
std::uint64_t read_hpet() { return hpet(hpet_counter) & 0xffff'ffff; }

// The counter runs and interrupts nobody. The lower 32 bits are enough, and are there in every HPET.
bool start_hpet(std::uint64_t& hz) {
    if (!firmware().hpet) return false;
    const auto registers = map_device(*firmware().hpet, 1024);
    if (!registers) return false;
    hpet_registers.set(*registers);
    const auto period = hpet(hpet_capabilities) >> 32;
    if (period == 0 || period > 100'000'000) return false;     // 2.3.4: at most 100 ns
    hz = femtoseconds_per_second / period;
    hpet(hpet_configuration) = (hpet(hpet_configuration) & ~hpet_replaces_legacy) | hpet_running;
    return true;
}

// ACPI 6.4, 4.8.2.1.
constexpr std::uint64_t pm_timer_hz = 3'579'545;
std::uint64_t read_pm_timer() { return in32(static_cast<std::uint16_t>(firmware().fadt.pm_timer)); }

// Intel 8254 datasheet. Channel 2 counts down from the top while its gate, in port 0x61, is open.
constexpr std::uint64_t pit_hz = 1'193'182;
constexpr std::uint16_t pit_channel_2 = 0x42;
constexpr std::uint16_t pit_command = 0x43;
constexpr std::uint16_t system_control = 0x61;
constexpr std::uint8_t gate = 1;
constexpr std::uint8_t speaker = 2;

void start_pit() {
    out8(system_control, static_cast<std::uint8_t>((in8(system_control) & ~speaker) | gate));
    out8(pit_command, 0xb4);          // channel 2, low byte then high, mode 2: reloads when it ends
    out8(pit_channel_2, 0);           // 65536
    out8(pit_channel_2, 0);
}
std::uint64_t read_pit() {
    out8(pit_command, 0x80);          // latch channel 2
    const unsigned low = in8(pit_channel_2);
    const unsigned high = in8(pit_channel_2);
    return 0xffff - (low | high << 8);
}

bool advances(const ReferenceClock& clock) {
    const auto begin = clock.read();
    for (unsigned tries = 0; tries < 100'000; ++tries)
        if (clock.read() != begin) return true;
    log(Level::warning, "{} does not count and is not used", clock.name);
    return false;
}

}  // namespace

Bounded<ReferenceClock, 3> reference_clocks() {
    Bounded<ReferenceClock, 3> clocks;
    const auto offer = [&clocks](const ReferenceClock& clock) {
        if (advances(clock)) clocks.add(clock);
    };
    std::uint64_t hpet_hz = 0;
    if (start_hpet(hpet_hz)) offer({"HPET", hpet_hz, 0xffff'ffff, read_hpet});
    if (firmware().fadt.pm_timer != 0)
        offer({"PM timer", pm_timer_hz, firmware().fadt.pm_timer_is_32_bit ? 0xffff'ffff : 0xff'ffff, read_pm_timer});
    start_pit();
    offer({"PIT", pit_hz, 0xffff, read_pit});
    return clocks;
}

}  // namespace basalt
