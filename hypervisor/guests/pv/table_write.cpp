#include "guests/pv/table_write.hpp"

#include "devices/dom0_access.hpp"
#include "devices/pci_window.hpp"
#include "domain/domain.hpp"
#include "guests/pv/arithmetic.hpp"
#include "guests/pv/fetch.hpp"
#include "guests/pv/privileged.hpp"
#include "machine/registers.hpp"
#include "machine/user_copy.hpp"
#include "memory/frame.hpp"
#include "paging/mmu.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

constexpr unsigned most_attempts = 16;   // against other CPUs changing the same entry

bool is_refused_store(std::uint32_t error_code) {
    namespace bit = page_fault_error;
    constexpr auto refused = bit::present | bit::write;
    return (error_code & (refused | bit::reserved_bit | bit::fetch)) == refused;
}

// The instruction at RIP, if it stores to this one address within one aligned word of 8.
std::optional<Instruction> store_to(const Vcpu& vcpu, std::uint64_t address) {
    const auto instruction = fetch(vcpu);
    if (!instruction || !is_memory_operation(instruction->operation) || !instruction->in_memory) return std::nullopt;
    const std::uint64_t operand = address_of(*instruction, vcpu.registers, running_segment_bases());
    const bool in_one_word = address % 8 + instruction->width <= 8;
    if (operand == address && in_one_word) return instruction;
    return std::nullopt;
}

// MOVS: the source becomes the instruction's immediate.
bool read_string_source(Instruction& instruction, const Registers& registers) {
    if (instruction.operation != Operation::move_string) return true;
    instruction.has_immediate = true;
    return !instruction.memory.narrow && guest_may_name(registers.rsi, instruction.width) &&
           copy_from_guest(&instruction.immediate, registers.rsi, instruction.width) == 0;
}

// One element done: the instruction is over, or is met again for the next.
void advance_string(Vcpu& vcpu, const Instruction& instruction) {
    Registers& registers = vcpu.registers;
    const std::uint64_t width = instruction.width;
    const std::uint64_t step = (registers.rflags & rflags::direction) != 0 ? std::uint64_t{0} - width : width;
    registers.rdi += step;
    if (instruction.operation == Operation::move_string) registers.rsi += step;
    if (!instruction.repeated || --registers.rcx == 0) step_over(vcpu, instruction.length);
}

void finish(Vcpu& vcpu, const Instruction& instruction, const Effect& effect) {
    if (effect.register_changes) write_register(vcpu.registers, instruction, effect.register_number, effect.register_value);
    vcpu.registers.rflags = effect.flags;
    if (is_string(instruction.operation)) return advance_string(vcpu, instruction);
    step_over(vcpu, instruction.length);
}

// A device that the guest may map, but not write without a look.
bool writes_to_device(const Vcpu& vcpu, Mfn frame) {
    if (!vcpu.domain.privileged || is_ram(frame)) return false;
    const FrameAccess access = dom0_frame(frame);
    return access == FrameAccess::read_only || access == FrameAccess::configuration;
}

// To anything but configuration space the write is dropped.
void write_device(Mfn frame, unsigned offset, unsigned width, std::uint64_t value) {
    if (const auto function = function_in_window(frame))
        write_window_for_dom0(*function, static_cast<std::uint16_t>(offset), width, value);
}

}  // namespace

bool emulate_table_write(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    if (!pv::of(vcpu).in_kernel || !is_refused_store(error_code) || !guest_may_name(address, 8)) return false;
    const paging::Walk walk = paging::walk(pv::of(vcpu).kernel_root, address);
    if (!walk.mapped() || walk.entries[1].writable()) return false;
    auto instruction = store_to(vcpu, address);
    if (!instruction || !read_string_source(*instruction, vcpu.registers)) return false;
    const Mfn frame = walk.entries[1].mfn();
    const auto offset = static_cast<unsigned>(address % page_size);
    const bool to_device = writes_to_device(vcpu, frame);

    for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
        std::uint64_t found = 0;
        if (copy_from_guest(&found, address, instruction->width) != 0) return false;
        const Effect effect = effect_of(*instruction, vcpu.registers, found);
        if (to_device) {
            write_device(frame, offset, instruction->width, effect.stored);
        } else {
            paging::Budget budget;
            const auto step =
                paging::store_to_table(frame, offset, found, effect.stored, instruction->width, vcpu.domain.memory, budget);
            if (step.refused() != nullptr) return false;
            if (!step.done()) return true;   // the guest comes again
            if (*step != found) continue;
        }
        finish(vcpu, *instruction, effect);
        return true;
    }
    return true;
}

}  // namespace basalt::pv
