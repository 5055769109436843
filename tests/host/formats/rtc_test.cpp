#include "formats/rtc.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

TEST(BatteryClock, CodedDecimal) {
    EXPECT_EQ(seconds_since_1970({.second = 0x56,
                                  .minute = 0x34,
                                  .hour = 0x12,
                                  .day = 0x21,
                                  .month = 0x11,
                                  .year = 0x26,
                                  .century = 0x20,
                                  .format = rtc::hours_24}),
              1795264496u);
}

TEST(BatteryClock, Binary) {
    EXPECT_EQ(seconds_since_1970({.second = 56,
                                  .minute = 34,
                                  .hour = 12,
                                  .day = 21,
                                  .month = 11,
                                  .year = 26,
                                  .century = 20,
                                  .format = rtc::hours_24 | rtc::binary}),
              1795264496u);
}

TEST(BatteryClock, TwelveHours) {
    const auto at = [](std::uint8_t hour) {
        return seconds_since_1970({.hour = hour, .day = 1, .month = 1, .year = 0x70, .century = 0x19}) / 3600;
    };
    EXPECT_EQ(at(0x12), 0u);                       // twelve at night
    EXPECT_EQ(at(0x01), 1u);
    EXPECT_EQ(at(0x12 | rtc::afternoon), 12u);     // noon
    EXPECT_EQ(at(0x11 | rtc::afternoon), 23u);
}

TEST(BatteryClock, CenturyIsGuessedWhereNoneIsTold) {
    EXPECT_EQ(seconds_since_1970({.day = 1, .month = 1, .year = 0x70, .format = rtc::hours_24}), 0u);
    EXPECT_EQ(seconds_since_1970({.day = 1, .month = 3, .year = 0x00, .format = rtc::hours_24}), 951868800u);
}

TEST(BatteryClock, EveryDayFollowsTheOneBefore) {
    constexpr unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    std::int64_t expected = 0;
    for (int year = 1970; year < 2400; ++year) {
        const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (unsigned month = 1; month <= 12; ++month) {
            const unsigned days = lengths[month - 1] + (month == 2 && leap ? 1 : 0);
            for (unsigned day = 1; day <= days; ++day) ASSERT_EQ(days_since_1970(year, month, day), expected++);
        }
    }
}

}  // namespace
}  // namespace basalt
