#include "guests/pv/fetch.hpp"

#include <algorithm>
#include <optional>

#include "abi/xen.hpp"
#include "core/per_cpu.hpp"
#include "guests/pv/descriptors.hpp"
#include "instructions/decode.hpp"
#include "instructions/operands.hpp"
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

// Kernels come again and again with the same instruction, or with the same few: what the last bytes meant need not be found out
// again. That is a matter of the bytes alone, whoever's they are.
struct Bytes {
    std::uint64_t first = 0, second = 0;
    friend constexpr bool operator==(Bytes, Bytes) = default;
};
static_assert(sizeof(Bytes) > instructions::longest_instruction);
struct Decoded {
    Bytes bytes;
    bool whole = false;
    std::optional<Instruction> meaning;
};
constinit PerCpu<Decoded> last_decoded;

[[gnu::noinline]] const Instruction* decode_anew(Decoded& last, Bytes bytes, std::size_t there) {
    const auto* const first = reinterpret_cast<const std::uint8_t*>(&bytes);
    last.meaning = instructions::decode({first, std::min<std::size_t>(there, instructions::longest_instruction)},
                                        instructions::Mode::bits_64);
    last.bytes = bytes;
    last.whole = there == sizeof(bytes);   // what is not there is zeros here, which mean something
    return last.meaning ? &*last.meaning : nullptr;
}

const Instruction* instruction_at(std::uint64_t address) {
    Bytes bytes;
    if (!guest_may_name(address, sizeof(bytes))) return nullptr;
    const std::size_t missing = copy_from_guest(&bytes, address, sizeof(bytes));
    Decoded& last = last_decoded.here();
    if (missing != 0 || !last.whole || bytes != last.bytes) return decode_anew(last, bytes, sizeof(bytes) - missing);
    return last.meaning ? &*last.meaning : nullptr;
}

// These bytes mean the same in 32-bit code; a prefix may not.
bool is_plain_clock_read(const Instruction& instruction) {
    return (instruction.operation == Operation::read_tsc && instruction.length == 2) ||
           (instruction.operation == Operation::read_tsc_and_aux && instruction.length == 3);
}

}   // namespace

const Instruction* fetch(const Vcpu& vcpu) {
    const CodeSegment code = code_segment(vcpu);
    if (code.is_64_bit) return instruction_at(vcpu.registers.rip);
    const Instruction* const found = instruction_at((code.base + vcpu.registers.rip) & 0xffffffff);
    return found != nullptr && is_plain_clock_read(*found) ? found : nullptr;
}

std::uint64_t address_of(const Instruction& instruction, const Registers& registers) {
    if (!has_base(instruction.memory.segment)) return instructions::offset_of(instruction, registers);
    const std::uint64_t base = instruction.memory.segment == Segment::fs ? read_fs_base() : read_gs_base();
    return instructions::offset_of(instruction, registers) + base;
}

}   // namespace basalt::pv
