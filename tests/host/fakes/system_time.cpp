#include "machine.hpp"
#include "schedule/time.hpp"

namespace basalt {

Instant system_time() { return Instant(fakes::clock.load()); }

}  // namespace basalt
