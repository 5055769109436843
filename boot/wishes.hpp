// What the command line wishes for Dom0, before anybody knows the machine.
#pragma once

#include <cstdint>
#include <optional>

namespace basalt {

// 512M; 25%, of what there is; 1G+25%; with a minus in front: all there is, less that.
struct MemorySize {
    std::uint64_t bytes = 0;
    std::uint32_t percent = 0;
    bool less = false;
    friend constexpr bool operator==(const MemorySize&, const MemorySize&) = default;
};

// dom0_mem=1G,min:256M,max:2G, in one option or in several.
struct MemoryWish {
    std::optional<MemorySize> size;
    std::optional<MemorySize> least;
    std::optional<MemorySize> most;
};

// dom0_max_vcpus=4 (between 4 and 4), 2-8, 2- or -8: as many as there are CPUs, but within these bounds.
struct VcpuWish {
    std::uint32_t least = 1;
    std::uint32_t most = ~std::uint32_t{0};
};

}  // namespace basalt
