// Whether two CPUs' TSCs can be told apart: they read them in turns, and none may read less than the other just did.
#pragma once

namespace basalt {

// What the asked CPU does on device_vector::clock_check. check_clocks_agree() (start.hpp) asks.
void compare_clock_with_asker();

}  // namespace basalt
