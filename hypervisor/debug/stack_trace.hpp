// Who called whom, by frame pointers and the symbol names in the image.
#pragma once

#include <cstddef>
#include <cstdint>

namespace basalt {

struct Frames {
    std::uint64_t instruction = 0;
    std::uint64_t frame_pointer = 0;

    [[gnu::always_inline]] static Frames of_caller() {
        return {reinterpret_cast<std::uint64_t>(__builtin_return_address(0)) - 1,    // inside the call
                *static_cast<const std::uint64_t*>(__builtin_frame_address(0))};
    }
};

// Frame pointers are followed only within the CPU's own stack block, upward, so a broken chain ends the trace.
void show_stack(Frames from);

}  // namespace basalt
