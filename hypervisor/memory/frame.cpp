#include "memory/frame.hpp"

namespace basalt {

constinit MemoryViews memory_views;

}    // namespace basalt
