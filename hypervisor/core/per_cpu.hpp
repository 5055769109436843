// One of something for each CPU. Only its own CPU touches `here()`; `of()` is for start-up and for state
// that is atomic by itself.
#pragma once

#include <array>

#include "core/number.hpp"

namespace basalt {

CpuId current_cpu();   // seam: the machine reads it off the stack, host tests choose it

template <typename T>
class PerCpu {
public:
    T& here() { return of(current_cpu()); }
    T& of(CpuId cpu) { return items_[cpu.raw]; }

private:
    struct alignas(64) Line : T {};
    std::array<Line, most_cpus> items_{};
};

}  // namespace basalt
