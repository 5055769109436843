// Wishes for Dom0, fitted to the machine: it gets what there is, never a refusal, and whoever wished is told.
#pragma once

#include <cstdint>

#include "boot/wishes.hpp"

namespace basalt::dom0 {

// In frames.
struct MemoryRoom {
    std::uint64_t all = 0;            // free once Dom0's kernel has been loaded
    std::uint64_t needed = 0;         // what the kernel does not start without
    std::uint64_t listable = 0;       // the longest p2m list that it has room for
};

// The first reason why Dom0 gets another size than the one wished.
enum class Clamp : std::uint8_t {
    none,
    more_than_there_is,               // so much of the machine stays for other uses
    less_than_nothing,                // "all but 2G" of 1G: taken for not said
    too_little_to_start,
    list_too_long,
};

struct MemoryFit {
    std::uint64_t frames = 0;         // when it starts
    std::uint64_t most = 0;           // ever
    std::uint64_t wished = 0;         // where there is a clamp
    Clamp clamp = Clamp::none;
};

// Xen's rules: without a size all there is less a sixteenth, of which 128 MiB are enough; at least `least`; at most `most`,
// which counts more. That sixteenth stays for guests' and Dom0's DMA however much is wished, since Dom0 would not start
// without it.
MemoryFit fit_memory(const MemoryWish& wish, const MemoryRoom& room);

// As many as there are CPUs, between the wish's bounds, and no more than Basalt has for a domain.
std::uint32_t fit_vcpus(const VcpuWish& wish, std::uint32_t cpus);

}  // namespace basalt::dom0
