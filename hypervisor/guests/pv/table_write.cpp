#include "guests/pv/table_write.hpp"

#include <optional>

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
const Instruction* store_to(const Vcpu& vcpu, std::uint64_t address) {
    const Instruction* const instruction = fetch(vcpu);
    if (instruction == nullptr || !is_memory_operation(instruction->operation) || !instruction->in_memory) return nullptr;
    const std::uint64_t operand = address_of(*instruction, vcpu.registers, running_segment_bases());
    const bool in_one_word = address % 8 + instruction->width <= 8;
    return operand == address && in_one_word ? instruction : nullptr;
}

bool read_operand(std::uint64_t& operand, std::uint64_t address, const Instruction& instruction) {
    return copy_from_guest(&operand, address, instruction.width) == 0;
}

// Kernels take whole entries out of their tables by XCHG, a page at a time.
Effect effect_on(const Instruction& instruction, Registers& registers, std::uint64_t found) {
    if (instruction.operation != Operation::exchange || instruction.width != 8) return effect_of(instruction, registers, found);
    return {.stored = general_register(registers, instruction.reg),
            .flags = registers.rflags,
            .register_changes = true,
            .register_number = instruction.reg,
            .register_value = found};
}

// MOVS: the source becomes the instruction's immediate. Another's is as it was fetched.
std::optional<Instruction> with_string_source(const Instruction& fetched, const Registers& registers) {
    Instruction instruction = fetched;
    instruction.has_immediate = true;
    const bool there = !instruction.memory.narrow && guest_may_name(registers.rsi, instruction.width) &&
                       read_operand(instruction.immediate, registers.rsi, instruction);
    return there ? std::optional(instruction) : std::nullopt;
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

bool store_to_device(Vcpu& vcpu, const Instruction& instruction, Mfn frame, std::uint64_t address) {
    std::uint64_t found = 0;
    if (!read_operand(found, address, instruction)) return false;
    const Effect effect = effect_of(instruction, vcpu.registers, found);
    write_device(frame, static_cast<unsigned>(address % page_size), instruction.width, effect.stored);
    finish(vcpu, instruction, effect);
    return true;
}

bool store_to_table(Vcpu& vcpu, const Instruction& instruction, Mfn table, std::uint64_t address) {
    const auto offset = static_cast<unsigned>(address % page_size);
    for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
        std::uint64_t found = 0;
        if (!read_operand(found, address, instruction)) return false;
        const Effect effect = effect_on(instruction, vcpu.registers, found);
        paging::Budget budget;
        const auto step =
            paging::store_to_table(table, offset, found, effect.stored, instruction.width, vcpu.domain.memory, budget);
        if (step.refused() != nullptr) return false;
        if (!step.done()) return true;   // the guest comes again
        if (*step != found) continue;
        finish(vcpu, instruction, effect);
        return true;
    }
    return true;
}

}  // namespace

bool emulate_table_write(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    if (!pv::of(vcpu).in_kernel || !is_refused_store(error_code) || !guest_may_name(address, 8)) return false;
    const paging::Walk walk = paging::walk(pv::of(vcpu).kernel_root, address);
    if (!walk.mapped() || walk.entries[1].writable()) return false;
    // First what decides: most faults are on pages that are no tables.
    const Mfn mfn = walk.entries[1].mfn();
    const bool to_table = has_record(mfn) && frame(mfn).word().use() == Use::l1_table;
    if (!to_table && !writes_to_device(vcpu, mfn)) return false;
    const Instruction* instruction = store_to(vcpu, address);
    if (instruction == nullptr) return false;
    std::optional<Instruction> string;
    if (instruction->operation == Operation::move_string) {
        string = with_string_source(*instruction, vcpu.registers);
        if (!string) return false;
        instruction = &*string;
    }
    return to_table ? store_to_table(vcpu, *instruction, mfn, address) : store_to_device(vcpu, *instruction, mfn, address);
}

}  // namespace basalt::pv
