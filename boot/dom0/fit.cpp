#include "boot/dom0/fit.hpp"

#include <algorithm>
#include <limits>

#include "core/number.hpp"

namespace basalt::dom0 {
namespace {

constexpr std::uint64_t most_kept_back = (std::uint64_t{128} << 20) / page_size;
// A kernel that is just loaded has not begun yet: Linux sets 64 MiB aside for DMA alone.
constexpr std::uint64_t room_to_work = (std::uint64_t{64} << 20) / page_size;
// What getdomaininfo and maximum_reservation tell of a domain without a limit.
constexpr std::uint64_t without_limit = std::numeric_limits<std::uint32_t>::max();

// Nothing where less is left than nothing.
std::optional<std::uint64_t> frames_of(const MemorySize& size, std::uint64_t all) {
    const std::uint64_t frames = size.bytes / page_size + size.percent * all / 100;
    if (!size.less) return frames;
    if (frames > all) return std::nullopt;
    return all - frames;
}

class Fitting {
public:
    explicit Fitting(const MemoryRoom& room) : room_(room) {}

    // A part of the wish that is not said, or says nothing, is `otherwise`.
    std::uint64_t part(const std::optional<MemorySize>& size, std::uint64_t otherwise) {
        if (!size || *size == MemorySize()) return otherwise;
        const auto frames = frames_of(*size, room_.all);
        if (!frames) clamp(Clamp::less_than_nothing, size->bytes / page_size);
        return frames.value_or(otherwise);
    }

    void bound_below(std::uint64_t least, Clamp why) {
        if (fit_.frames < least) clamp(why, std::exchange(fit_.frames, least));
    }
    void bound_above(std::uint64_t most, Clamp why) {
        if (fit_.frames > most) clamp(why, std::exchange(fit_.frames, most));
    }

    MemoryFit& fit() { return fit_; }

private:
    void clamp(Clamp why, std::uint64_t wished) {
        if (fit_.clamp != Clamp::none) return;
        fit_.clamp = why;
        fit_.wished = wished;
    }

    const MemoryRoom& room_;
    MemoryFit fit_;
};

}  // namespace

MemoryFit fit_memory(const MemoryWish& wish, const MemoryRoom& room) {
    const std::uint64_t offered = room.all - std::min(room.all / 16, most_kept_back);
    Fitting fitting(room);
    MemoryFit& fit = fitting.fit();
    fit.most = std::min(fitting.part(wish.most, without_limit), without_limit);
    fit.frames = std::max(fitting.part(wish.size, offered), fitting.part(wish.least, 0));
    fit.frames = std::min(fit.frames, fit.most);
    fitting.bound_above(offered, Clamp::more_than_there_is);
    fitting.bound_above(room.listable, Clamp::list_too_long);
    if (fit.frames < room.needed)
        fitting.bound_below(std::min({room.needed + room_to_work, offered, fit.most}), Clamp::too_little_to_start);
    return fit;
}

std::uint32_t fit_vcpus(const VcpuWish& wish, std::uint32_t cpus) {
    const auto wished = std::min(std::max(cpus, wish.least), wish.most);
    return std::clamp(wished, std::uint32_t{1}, std::uint32_t{most_vcpus});
}

}  // namespace basalt::dom0
