// Counter 2 of the 8254 as kernels use it to calibrate their TSC: mode 0 or others, started by the gate, read back by
// its latch or by its output at port 0x61 bit 5. Time comes from system_time(), nothing is programmed.
#pragma once

#include <cstdint>

#include "pv_vcpu/parts.hpp"

namespace basalt::pv {

// Ports 0x42 (count), 0x43 (command), 0x61 (gate and output).
std::uint8_t read_timer_channel(TimerChannel& channel, std::uint16_t port);
void write_timer_channel(TimerChannel& channel, std::uint16_t port, std::uint8_t value);

}  // namespace basalt::pv
