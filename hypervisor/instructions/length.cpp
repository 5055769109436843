#include "instructions/length.hpp"

#include <array>

#include "instructions/decode.hpp"

namespace basalt::instructions {
namespace {

// As they nearly always are: no prefix, no operand, and so the same in every mode.
struct Plain {
    std::uint32_t bytes = 0;     // the first in the lowest byte
    std::uint32_t mask = 0;
    unsigned length = 0;         // 0: this one has operands, and is decoded
};

constexpr std::array<Plain, operations> plain_forms = [] {
    std::array<Plain, operations> forms{};
    const auto is = [&](Operation operation, auto... bytes) {
        Plain& form = forms[static_cast<unsigned>(operation)];
        (..., (form.bytes |= std::uint32_t{bytes} << form.length * 8, ++form.length));
        form.mask = (std::uint32_t{1} << form.length * 8) - 1;
    };
    is(Operation::cpuid, 0x0fu, 0xa2u);
    is(Operation::read_msr, 0x0fu, 0x32u);
    is(Operation::write_msr, 0x0fu, 0x30u);
    is(Operation::vmcall, 0x0fu, 0x01u, 0xc1u);
    is(Operation::vmmcall, 0x0fu, 0x01u, 0xd9u);
    is(Operation::halt, 0xf4u);
    is(Operation::pause, 0xf3u, 0x90u);
    is(Operation::in, 0xecu);
    is(Operation::out, 0xeeu);
    is(Operation::read_tsc, 0x0fu, 0x31u);
    is(Operation::read_tsc_and_aux, 0x0fu, 0x01u, 0xf9u);
    is(Operation::read_counter, 0x0fu, 0x33u);
    is(Operation::set_extended_control, 0x0fu, 0x01u, 0xd1u);
    is(Operation::write_back_caches, 0x0fu, 0x09u);
    is(Operation::invalidate_caches, 0x0fu, 0x08u);
    is(Operation::clear_task_switched, 0x0fu, 0x06u);
    is(Operation::monitor, 0x0fu, 0x01u, 0xc8u);
    is(Operation::monitor_wait, 0x0fu, 0x01u, 0xc9u);
    is(Operation::interrupt_return, 0xcfu);
    is(Operation::breakpoint, 0xccu);
    return forms;
}();

[[gnu::noinline]] std::optional<unsigned> length_by_decoding(Operation expected, std::span<const std::uint8_t> bytes,
                                                             Mode mode) {
    const auto found = decode(bytes, mode);
    if (!found || found->operation != expected) return std::nullopt;
    return found->length;
}

}  // namespace

std::optional<unsigned> length_of(Operation expected, std::span<const std::uint8_t> bytes, Mode mode) {
    const Plain& plain = plain_forms[static_cast<unsigned>(expected)];
    std::uint32_t word;
    if (bytes.size() < sizeof(word) || plain.length == 0) return length_by_decoding(expected, bytes, mode);
    __builtin_memcpy(&word, bytes.data(), sizeof(word));   // one load, also where the compiler knows of no library
    if ((word & plain.mask) != plain.bytes) return length_by_decoding(expected, bytes, mode);
    return plain.length;
}

}  // namespace basalt::instructions
