// The pages of one CPU: its block of stacks, and what its entry alias maps.
#pragma once

#include <array>

#include "core/layout.hpp"
#include "machine/descriptors.hpp"

namespace basalt {

// Which pages of the block there are, the others being guards (core/layout.hpp): header, NMI, #DB, #DF, #MC, main stack.
inline constexpr auto block_pages = std::to_array<unsigned>({0, 2, 3, 5, 7, 9, 10, 11, 12, 13, 14, 15});

void map_block_page(CpuId cpu, unsigned in_block, Mfn mfn);

// `page(n)` is the frame for the n-th of block_pages.
template <typename Page>
void map_block(CpuId cpu, Page&& page) {
    for (unsigned n = 0; n < block_pages.size(); ++n) map_block_page(cpu, block_pages[n], page(n));
}

}  // namespace basalt
