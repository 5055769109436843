#include "formats/window_end.hpp"

#include <gtest/gtest.h>

namespace basalt::pci {
namespace {

TEST(WindowEnd, IsWhereNothingIsShownAnyMore) {
    WindowEnd end;
    end.look_at(0, 5, 5);
    end.look_at(1, 0, 0);
    EXPECT_FALSE(end.bus());
    end.look_at(2, 3, 0);
    end.look_at(7, 1, 0);
    EXPECT_EQ(end.bus(), 2);
}

TEST(WindowEnd, IsNotAtABusThatOthersAreShownBehind) {
    WindowEnd end;
    end.look_at(0, 5, 5);
    end.look_at(2, 1, 0);
    end.look_at(3, 2, 1);
    EXPECT_FALSE(end.bus());
}

TEST(WindowEnd, BusesThatNoWindowIsSaidToShowDecideNothing) {
    WindowEnd end;
    end.look_at(0, 5, 5);
    end.look_at(1, 1, 0);
    end.look_at(200, 0, 0);
    EXPECT_EQ(end.bus(), 1);
}

TEST(WindowEnd, IsAtTheFirstBusWhereNoneIsShown) {
    WindowEnd end;
    end.look_at(0, 5, 0);
    end.look_at(1, 1, 0);
    EXPECT_EQ(end.bus(), 0);
}

}  // namespace
}  // namespace basalt::pci
