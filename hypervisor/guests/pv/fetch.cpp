#include "guests/pv/fetch.hpp"

#include <array>

#include "abi/xen.hpp"
#include "guests/pv/descriptors.hpp"
#include "machine/instructions.hpp"
#include "machine/user_copy.hpp"

namespace basalt::pv {
namespace {

struct CodeSegment {
    std::uint64_t base = 0;
    bool is_64_bit = false;
};

// SDM 3A 3.4.5, 5.2.1: bit L of a code descriptor, and its base where that is not set.
CodeSegment code_segment(const Vcpu& vcpu) {
    constexpr unsigned long_mode = 53;
    const auto selector = static_cast<std::uint16_t>(vcpu.registers.cs);
    if (selector == FLAT_RING3_CS64) return {.is_64_bit = true};
    if (selector == FLAT_RING3_CS32) return {};
    const std::uint64_t descriptor = descriptor_of(vcpu, selector).value_or(0);
    if ((descriptor >> long_mode & 1) != 0) return {.is_64_bit = true};
    return {.base = (descriptor >> 16 & 0xffffff) | descriptor >> 56 << 24};
}

std::optional<Instruction> instruction_at(std::uint64_t address) {
    std::array<std::uint8_t, longest_instruction> bytes;
    if (!guest_may_name(address, bytes.size())) return std::nullopt;
    const std::size_t missing = copy_from_guest(bytes.data(), address, bytes.size());
    return decode(std::span(bytes).first(bytes.size() - missing));
}

// These bytes mean the same in 32-bit code; a prefix may not.
bool is_plain_clock_read(const Instruction& instruction) {
    return (instruction.operation == Operation::read_tsc && instruction.length == 2) ||
           (instruction.operation == Operation::read_tsc_and_aux && instruction.length == 3);
}

}  // namespace

std::optional<Instruction> fetch(const Vcpu& vcpu) {
    const CodeSegment code = code_segment(vcpu);
    if (code.is_64_bit) return instruction_at(vcpu.registers.rip);
    const auto found = instruction_at((code.base + vcpu.registers.rip) & 0xffffffff);
    return found && is_plain_clock_read(*found) ? found : std::nullopt;
}

SegmentBases running_segment_bases() { return {read_fs_base(), read_gs_base()}; }

}  // namespace basalt::pv
