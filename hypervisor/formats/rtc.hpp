// The battery clock's registers (MC146818 datasheet) as seconds since 1970.
#pragma once

#include <cstdint>

namespace basalt {

struct ClockRegisters {
    std::uint8_t second = 0;
    std::uint8_t minute = 0;
    std::uint8_t hour = 0;
    std::uint8_t day = 0;
    std::uint8_t month = 0;
    std::uint8_t year = 0;
    std::uint8_t century = 0;      // 0: not told
    std::uint8_t format = 0;       // register B
    friend constexpr bool operator==(const ClockRegisters&, const ClockRegisters&) = default;
};

namespace rtc {
inline constexpr std::uint8_t binary = 1 << 2;       // register B, DM
inline constexpr std::uint8_t hours_24 = 1 << 1;     // register B, 24/12
inline constexpr std::uint8_t afternoon = 0x80;      // of the hour, in 12-hour form
}  // namespace rtc

// Gregorian days since 1970-01-01; the year begins in March so that the leap day comes last.
constexpr std::int64_t days_since_1970(std::int64_t year, unsigned month, unsigned day) {
    year -= month <= 2;
    const auto era = year / 400;
    const auto year_of_era = static_cast<unsigned>(year - era * 400);
    const auto day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    const auto day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

constexpr std::uint64_t seconds_since_1970(const ClockRegisters& registers) {
    const bool binary = registers.format & rtc::binary;
    const auto number = [binary](unsigned raw) { return binary ? raw : (raw >> 4) * 10 + (raw & 15); };

    unsigned hour = number(registers.hour & 0x7f);
    if (!(registers.format & rtc::hours_24)) hour = hour % 12 + (registers.hour & rtc::afternoon ? 12 : 0);

    const unsigned short_year = number(registers.year);
    const unsigned century = number(registers.century);
    const bool century_told = century >= 19 && century <= 99;
    const unsigned year = century_told ? century * 100 + short_year : (short_year < 70 ? 2000 : 1900) + short_year;

    const auto days = days_since_1970(year, number(registers.month), number(registers.day));
    const auto of_day = hour * 3600u + number(registers.minute) * 60u + number(registers.second);
    return static_cast<std::uint64_t>(days) * 86400u + of_day;
}

static_assert(days_since_1970(1970, 1, 1) == 0);
static_assert(days_since_1970(2000, 2, 29) == 11016);

}  // namespace basalt
