#include <cstdio>
#include <cstdlib>

#include "core/assert.hpp"

namespace basalt {

void assertion_failed(const char* claim, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
    std::abort();
}

}  // namespace basalt
