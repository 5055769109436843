#include "boot/memory.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "debug/log.hpp"
#include "devices/nodes.hpp"
#include "machine/early_memory.hpp"
#include "machine/image.hpp"
#include "machine/page_tables.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"
#include "memory/start.hpp"

namespace basalt {
namespace {

constexpr std::uint64_t first_mebibyte = 0x10'0000;
constexpr std::uint64_t four_gibibytes = std::uint64_t{1} << 32;

constexpr std::uint64_t down(std::uint64_t address) { return address & ~(page_size - 1); }
constexpr std::uint64_t up(std::uint64_t address) { return down(address + page_size - 1); }

PhysicalRange pages_of(const BootModule& module) { return {down(module.start), up(module.start + module.size)}; }
FrameSpan frames_of(PhysicalRange range) { return {mfn_of(range.start), mfn_of(range.end)}; }

// Only whole frames are memory.
PhysicalRange whole_pages(const MemoryRegion& region) {
    return {up(region.start), std::min(down(region.end()), layout::direct_map_size)};
}

struct Spans {
    std::array<FrameSpan, 256> of{};
    std::size_t count = 0;
    void add(PhysicalRange range) {
        if (!range.empty() && count < of.size()) of[count++] = frames_of(range);
    }
    std::span<const FrameSpan> all() const { return std::span(of).first(count); }
};

constinit Spans ram;     // large for a stack
constinit Spans taken;

std::span<std::uint64_t> zeroed_words(std::size_t count) {
    const auto bytes = up(count * sizeof(std::uint64_t));
    return {static_cast<std::uint64_t*>(layout::direct(mfn_of(take_early_memory(bytes, page_size)))), count};
}

void hand_over(MemoryMap memory) {
    for (const auto& region : memory)
        if (region.usable()) ram.add(whole_pages(region));
    const auto end = ram.all().back().end;
    const auto free_sets = zeroed_words(free_set_words(end));
    for (const auto& range : memory_in_use()) taken.add({down(range.start), up(range.end)});
    const MemoryViews views{reinterpret_cast<Frame*>(layout::frame_table), reinterpret_cast<std::byte*>(layout::direct_map),
                            reinterpret_cast<std::atomic<std::uint64_t>*>(layout::m2p), end};
    start_memory(views, free_sets, ram.all(), taken.all());
    take_tables_from([] { return allocate_frames(); });
}

}  // namespace

void start_up_memory(const BootInfo& info) {
    start_early_memory(info.memory, four_gibibytes);
    keep_memory({0, first_mebibyte});
    keep_memory(info.image);
    for (const auto& module : info.modules) keep_memory(pages_of(module));
    build_page_tables(info.memory);
    hand_over(info.memory);
    const auto counts = free_counts();
    log(Level::info, "memory: {} MiB, {} MiB of it free", counts.total >> 8, counts.free >> 8);
}

// Whole frames only: what a border cuts is the upper node's.
void divide_memory_by_nodes() {
    std::array<FrameSpan, most_nodes> nodes{};
    for (std::uint32_t node = 0; node < node_numbers(); ++node) {
        const auto memory = memory_of(NodeId(node));
        nodes[node] = {mfn_of(memory.begin), mfn_of(memory.end)};
    }
    divide_memory(nodes);
}

void give_log_room(std::uint64_t size) {
    constexpr std::uint64_t most = std::uint64_t{1} << 20;    // which tools may read by one call, in one go
    if (size <= least_log_room) return;
    auto order = static_cast<unsigned>(std::bit_width((std::min(size, most) - 1) >> page_shift));
    for (; page_size << order > least_log_room; --order) {
        const auto first = allocate_frames(order);
        if (!first) continue;
        keep_log_in({static_cast<char*>(contents(*first)), page_size << order});
        break;
    }
    const auto got = std::max(page_size << order, std::uint64_t{least_log_room});
    log(got < size ? Level::warning : Level::info, "the log has room for {} KiB of {} wished", got >> 10, size >> 10);
}

std::uint64_t frames_of_modules(const BootInfo& info) {
    std::uint64_t frames = 0;
    for (const auto& module : info.modules) frames += frames_of(pages_of(module)).size();
    return frames;
}

void give_modules_back(const BootInfo& info) {
    for (const auto& module : info.modules) give_back(frames_of(pages_of(module)));
}

void give_start_up_back() { give_back(frames_of(forget_start_up())); }

}  // namespace basalt
