#include "machine/early_memory.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <ranges>

#include "core/assert.hpp"
#include "core/layout.hpp"
#include "debug/panic.hpp"

namespace basalt {
namespace {

class EarlyMemory {
public:
    void start(MemoryMap memory, std::uint64_t limit) {
        memory_ = memory;
        limit_ = limit;
    }
    void raise_limit(std::uint64_t limit) { limit_ = limit; }
    std::span<const PhysicalRange> in_use() const { return {ranges_.data(), count_}; }

    // Sorted; ranges that touch become one, so that taking piece below piece needs no more entries.
    void keep(PhysicalRange range) {
        if (range.empty()) return;
        auto* const end = ranges_.data() + count_;
        auto* const at = std::find_if(ranges_.data(), end, [&](auto& other) { return other.end >= range.start; });
        auto* past = at;
        for (; past != end && past->start <= range.end; ++past) {
            range.start = std::min(range.start, past->start);
            range.end = std::max(range.end, past->end);
        }
        if (past == at) {
            ASSERT(count_ < ranges_.size());
            std::move_backward(at, end, end + 1);
            ++count_;
        } else {
            std::move(past, end, at + 1);
            count_ -= static_cast<std::size_t>(past - at) - 1;
        }
        *at = range;
    }

    // 0 when there is none: the first page is never usable.
    std::uint64_t take(std::size_t size, std::size_t alignment) {
        for (auto region = memory_.rbegin(); region != memory_.rend(); ++region) {
            if (!region->usable()) continue;
            const auto found = highest_in(*region, size, alignment);
            if (found == 0) continue;
            keep({found, found + size});
            return found;
        }
        return 0;
    }

private:
    std::uint64_t highest_in(const MemoryRegion& region, std::size_t size, std::size_t alignment) const {
        auto end = std::min(region.end(), limit_);
        while (end >= size && end - size >= region.start) {
            const auto start = (end - size) & ~(alignment - 1);
            if (start < region.start) return 0;
            const PhysicalRange wanted{start, start + size};
            const auto used = std::views::reverse(in_use());
            const auto met = std::ranges::find_if(used, [&](const auto& range) { return range.meets(wanted); });
            if (met == used.end()) return start;
            end = met->start;
        }
        return 0;
    }

    MemoryMap memory_;
    std::uint64_t limit_ = 0;
    std::array<PhysicalRange, 64> ranges_{};
    std::size_t count_ = 0;
};

constinit EarlyMemory early;   // start-up alone, on one CPU

}  // namespace

void start_early_memory(MemoryMap memory, std::uint64_t limit) { early.start(memory, limit); }

void raise_early_limit(std::uint64_t limit) { early.raise_limit(limit); }

void keep_memory(PhysicalRange range) { early.keep(range); }

std::uint64_t take_early_memory(std::size_t size, std::size_t alignment) {
    const auto found = early.take(size, alignment);
    if (found == 0) panic("not enough memory to start: {} KiB in one piece are wanted", size / 1024);
    std::memset(layout::direct(mfn_of(found)), 0, size);
    return found;
}

Result<Mfn> early_frame() { return mfn_of(take_early_memory(page_size, page_size)); }

std::span<const PhysicalRange> memory_in_use() { return early.in_use(); }

}  // namespace basalt
