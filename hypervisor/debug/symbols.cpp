#include "debug/symbols.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

// Placed by the linker script.
extern "C" const char image_start[], symbols_start[];

namespace basalt {
namespace {

struct Symbol {
    std::uint32_t start;    // of the function, from image_start
    std::uint32_t name;     // from the first name
};

// The section: a count, that many Symbols sorted by start, then their names, each ended by a zero byte.
std::span<const Symbol> symbols() {
    std::uint32_t count;
    std::memcpy(&count, symbols_start, sizeof count);
    return {reinterpret_cast<const Symbol*>(symbols_start + sizeof count), count};
}

}    // namespace

CodePlace name_of(std::uint64_t address) {
    const auto all = symbols();
    const auto offset = address - reinterpret_cast<std::uint64_t>(image_start);
    if (offset >= static_cast<std::uint64_t>(symbols_start - image_start)) return {};
    const auto next =
        std::ranges::upper_bound(all, offset, [](std::uint64_t a, std::uint64_t b) { return a < b; }, &Symbol::start);
    if (next == all.begin()) return {};
    const auto& symbol = *(next - 1);
    const auto* names = reinterpret_cast<const char*>(all.data() + all.size());
    return {names + symbol.name, offset - symbol.start};
}

}    // namespace basalt
