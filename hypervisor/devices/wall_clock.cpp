#include "devices/wall_clock.hpp"

#include "core/lock.hpp"
#include "debug/log.hpp"
#include "devices/clock.hpp"
#include "devices/firmware.hpp"
#include "formats/rtc.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

constinit Guarded<WallClock, Rank::machine> wall;

// MC146818 datasheet: registers by index.
constexpr std::uint16_t index_port = 0x70;
constexpr std::uint16_t data_port = 0x71;
constexpr std::uint8_t status_a = 0x0a;
constexpr std::uint8_t being_updated = 0x80;

std::uint8_t cmos(std::uint8_t index) {
    out8(index_port, index);
    return in8(data_port);
}

ClockRegisters read_registers() {
    const auto century = firmware().fadt.century_register;
    return {.second = cmos(0),
            .minute = cmos(2),
            .hour = cmos(4),
            .day = cmos(7),
            .month = cmos(8),
            .year = cmos(9),
            .century = century != 0 ? cmos(century) : std::uint8_t{0},
            .format = cmos(0x0b)};
}

// Between updates, which is so when two readings in a row are the same. Bounded: there may be no clock at all.
ClockRegisters settled_registers() {
    for (unsigned tries = 0; tries < 100'000 && (cmos(status_a) & being_updated); ++tries) pause_briefly();
    auto registers = read_registers();
    for (unsigned tries = 0; tries < 4; ++tries) {
        const auto again = read_registers();
        if (again == registers) break;
        registers = again;
    }
    return registers;
}

}  // namespace

void read_battery_clock() {
    const auto seconds = seconds_since_1970(settled_registers());
    wall.with([seconds](WallClock& clock) { clock = {seconds, 0}; });
    log(Level::info, "wall clock: {} seconds since 1970", seconds);
}

WallClock wall_clock() {
    return wall.with([](WallClock& clock) { return clock; });
}

void set_wall_clock(std::uint64_t seconds, std::uint32_t nanoseconds, Instant at) {
    const auto since_1970 = seconds * nanoseconds_per_second + nanoseconds - at.raw;
    wall.with([since_1970](WallClock& clock) {
        clock = {since_1970 / nanoseconds_per_second, static_cast<std::uint32_t>(since_1970 % nanoseconds_per_second)};
    });
    wall_clock_changed();
}

}  // namespace basalt
