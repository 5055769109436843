// How a row is measured and told: `bench NAME TICKS TIMES`.
#pragma once

#include "linux.hpp"
#include "../marks.hpp"

namespace bench {

using namespace std::literals;
using Ticks = std::uint64_t;

inline void write_number(std::uint64_t value) {
    if (value >= 10) write_number(value / 10);
    const char digit = static_cast<char>('0' + value % 10);
    write_text({&digit, 1});
}

inline void report(std::string_view name, Ticks ticks, unsigned times) {
    write_text("bench "sv);
    write_text(name);
    write_text(" "sv);
    write_number(ticks);
    write_text(" "sv);
    write_number(times);
    write_text("\n"sv);
}

// `work` makes `operations` of what the row is named after. It is counted in a few windows, each of which is told: in the
// cheapest the kernel had the least else to do. They are told when all are over, because whoever reads it is woken.
template <typename Work>
void measure(std::string_view name, unsigned times, unsigned operations, Work work) {
    Ticks windows[3] = {};
    mark<Mark::get_ready>();
    for (unsigned i = 0; i < times / 10 + 2; ++i) work();
    for (Ticks& ticks : windows) {
        mark<Mark::begin>();
        const Ticks begin = __builtin_ia32_rdtsc();
        for (unsigned i = 0; i < times; ++i) work();
        ticks = __builtin_ia32_rdtsc() - begin;
        mark<Mark::end>();
    }
    for (const Ticks ticks : windows) report(name, ticks, times * operations);
}

// A row's function is given the row's name.
struct Row {
    std::string_view name;
    void (*run)(std::string_view name);
};

}
