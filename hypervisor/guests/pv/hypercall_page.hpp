// The page through which a PV kernel makes its hypercalls: 32 bytes for each number.
#pragma once

#include <cstddef>

namespace basalt {

// `page` is the page's 4096 bytes, through the direct map.
void write_hypercall_page(std::byte* page);

}  // namespace basalt
