// The battery clock, read once; after that Dom0 says what time it is.
#pragma once

namespace basalt {

void read_battery_clock();

}  // namespace basalt
