// We were wrong: stop with the place and the reason. No guest input can lead here.
#pragma once

namespace basalt {

[[noreturn]] void assertion_failed(const char* claim, const char* file, int line);

}  // namespace basalt

#define ASSERT(claim) ((claim) ? static_cast<void>(0) : ::basalt::assertion_failed(#claim, __FILE__, __LINE__))
