// A line for `tests/bench/run`: what `times` operations took.
#pragma once

#include "kit/text.hpp"

#include <cstdint>
#include <string_view>

namespace kit {

// A row's loop stands between these, for whoever counts from outside (count_instructions.c): no-ops with a number.
inline void tell_begin() { asm volatile("nopl 0x4c534201(%rax)"); }
inline void tell_end() { asm volatile("nopl 0x4c534202(%rax)"); }

inline void report(std::string_view name, std::uint64_t ticks, unsigned times) {
    Line line;
    (line << "bench " << name << " ").decimal(static_cast<std::int64_t>(ticks)) << " ";
    line.decimal(times) << "\n";
    write_console(line.text());
}

}
