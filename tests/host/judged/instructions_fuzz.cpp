// Any bytes, in each mode: what our decoder makes of them is what Zydis does, and the short way to a length agrees with it.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "instructions/length.hpp"
#include "judged/judge.hpp"

namespace basalt::instructions::judged {
namespace {

void check(std::span<const std::uint8_t> bytes, Mode mode) {
    const std::string difference = judged::difference(bytes, mode);
    if (!difference.empty()) {
        std::fprintf(stderr, "%s\n", difference.c_str());
        std::abort();
    }
    const auto it = decode(bytes, mode);
    for (unsigned number = 0; number < operations; ++number) {
        const auto operation = static_cast<Operation>(number);
        const auto length = length_of(operation, bytes, mode);
        const bool is_it = it && it->operation == operation;
        if (length.has_value() != is_it || (is_it && *length != it->length)) std::abort();
    }
}

}  // namespace
}  // namespace basalt::instructions::judged

// Each place of the input is where an instruction may begin.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace basalt::instructions;
    const std::span<const std::uint8_t> input(data, size);
    for (std::size_t place = 0; place < size; ++place) {
        const auto bytes = input.subspan(place, std::min<std::size_t>(size - place, longest_instruction));
        for (const auto mode : {Mode::bits_16, Mode::bits_32, Mode::bits_64}) judged::check(bytes, mode);
    }
    return 0;
}
