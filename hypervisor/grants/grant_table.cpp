#include "grants/grant_table.hpp"

namespace basalt::grants {

Result<> GrantTable::grow(std::uint32_t wanted) {
    if (wanted > limit_) return refuse(Error::invalid);
    return frames_.with([&](Frames& frames) -> Result<> {
        while (frames.count < wanted) frames.shared[frames.count++] = TRY(take_shared_frame(self_));
        return {};
    });
}
std::uint32_t GrantTable::frame_count() {
    return frames_.with([](Frames& frames) { return frames.count; });
}
Result<Mfn> GrantTable::frame(std::uint32_t index) {
    return frames_.with([&](Frames& frames) -> Result<Mfn> {
        if (index >= frames.count) return refuse(Error::invalid);
        return frames.shared[index];
    });
}
void GrantTable::clear() {
    frames_.with([](Frames& frames) {
        while (frames.count != 0) give_shared_frame(frames.shared[--frames.count]);
    });
}

}  // namespace basalt::grants
