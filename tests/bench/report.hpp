// A line for `tests/bench/run`: what `times` operations took.
#pragma once

#include "kit/text.hpp"

#include <cstdint>
#include <string_view>

namespace kit {

inline void report(std::string_view name, std::uint64_t ticks, unsigned times) {
    Line line;
    (line << "bench " << name << " ").decimal(static_cast<std::int64_t>(ticks)) << " ";
    line.decimal(times) << "\n";
    write_console(line.text());
}

}
