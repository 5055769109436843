#include "memory/frame.hpp"

namespace basalt {

constinit MemoryViews memory_views;    // no Once: each world of a test has its own

}    // namespace basalt
