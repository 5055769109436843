#include "debug/stack_trace.hpp"

#include "core/layout.hpp"
#include "debug/log.hpp"
#include "debug/symbols.hpp"

namespace basalt {
namespace {

constexpr unsigned most_frames = 32;

void show_place(std::uint64_t instruction) {
    const auto place = name_of(instruction);
    if (place.function.empty())
        log(Level::error, "    {x16}", instruction);
    else
        log(Level::error, "    {x16} {}+0x{x}", instruction, place.function, place.offset);
}

// SysV ABI: at the frame pointer lies the caller's, above it the return address.
bool within_stack(std::uint64_t frame_pointer, std::uint64_t stack) {
    const auto block = stack & ~(layout::cpu_block_size - 1);
    return frame_pointer % 8 == 0 && frame_pointer > stack && frame_pointer + 16 <= block + layout::cpu_block_size;
}

}  // namespace

void show_stack(Frames from) {
    log(Level::error, "Call trace:");
    show_place(from.instruction);
    auto below = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    for (unsigned shown = 1; shown < most_frames && within_stack(from.frame_pointer, below); ++shown) {
        const auto* frame = reinterpret_cast<const std::uint64_t*>(from.frame_pointer);
        if (frame[1] == 0) return;
        show_place(frame[1] - 1);   // inside the call, not behind it
        below = from.frame_pointer;
        from.frame_pointer = frame[0];
    }
}

}  // namespace basalt
