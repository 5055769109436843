// A row for `tests/bench/run`: what is counted of a small guest, and the line that tells it.
#pragma once

#include "kit/text.hpp"
#include "marks.hpp"

#include <cstdint>
#include <string_view>

namespace kit {

inline void report(std::string_view name, std::uint64_t ticks, unsigned times) {
    Line line;
    (line << "bench " << name << " ").decimal(static_cast<std::int64_t>(ticks)) << " ";
    line.decimal(times) << "\n";
    write_console(line.text());
}

// Parts of a loop that are counted together; what is between them is not. `times` rounds come after some to warm up.
class Parts {
public:
    template <typename Work>
    void operator()(Work work) {
        bench::mark<bench::Mark::go_on>();
        const std::uint64_t begin = __builtin_ia32_rdtsc();
        work();
        ticks_ += __builtin_ia32_rdtsc() - begin;
        bench::mark<bench::Mark::pause>();
    }

    // `round` is given these parts; each round makes `operations` of what the row is named after.
    template <typename Round>
    static void measure(std::string_view name, unsigned times, unsigned operations, Round round) {
        Parts warming_up, parts;
        bench::mark<bench::Mark::get_ready>();
        for (unsigned i = 0; i < times / 10 + 2; ++i) round(warming_up);
        bench::mark<bench::Mark::begin>();
        bench::mark<bench::Mark::pause>();
        for (unsigned i = 0; i < times; ++i) round(parts);
        bench::mark<bench::Mark::end>();
        report(name, parts.ticks_, times * operations);
    }

private:
    std::uint64_t ticks_ = 0;
};

// The whole loop.
template <typename Work>
void measure(std::string_view name, unsigned times, unsigned operations, Work work) {
    bench::mark<bench::Mark::get_ready>();
    for (unsigned i = 0; i < times / 10 + 2; ++i) work();
    bench::mark<bench::Mark::begin>();
    const std::uint64_t begin = __builtin_ia32_rdtsc();
    for (unsigned i = 0; i < times; ++i) work();
    const std::uint64_t ticks = __builtin_ia32_rdtsc() - begin;
    bench::mark<bench::Mark::end>();
    report(name, ticks, times * operations);
}

}
