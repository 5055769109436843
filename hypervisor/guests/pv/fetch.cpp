#include "guests/pv/fetch.hpp"

#include <array>

#include "guests/pv/descriptors.hpp"
#include "machine/instructions.hpp"
#include "machine/user_copy.hpp"

namespace basalt::pv {
namespace {

// SDM 3A 5.2.1: bit L of a code descriptor.
bool is_64_bit_code(const Vcpu& vcpu) {
    constexpr unsigned long_mode = 53;
    const auto selector = static_cast<std::uint16_t>(vcpu.registers.cs);
    return selector == FLAT_RING3_CS64 || (descriptor_of(vcpu, selector).value_or(0) >> long_mode & 1) != 0;
}

}  // namespace

std::optional<Instruction> fetch(const Vcpu& vcpu) {
    const Registers& registers = vcpu.registers;
    if (!is_64_bit_code(vcpu)) return std::nullopt;
    std::array<std::uint8_t, longest_instruction> bytes;
    if (!guest_may_name(registers.rip, bytes.size())) return std::nullopt;
    const std::size_t missing = copy_from_guest(bytes.data(), registers.rip, bytes.size());
    return decode(std::span(bytes).first(bytes.size() - missing));
}

SegmentBases running_segment_bases() { return {read_fs_base(), read_gs_base()}; }

}  // namespace basalt::pv
