// Event channels, and the FIFO layout.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/event_channel.h>
}
