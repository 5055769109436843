#include "guests/pv/table_write.hpp"

#include "devices/dom0_access.hpp"
#include "domain/domain.hpp"
#include "guests/pv/arithmetic.hpp"
#include "guests/pv/fetch.hpp"
#include "guests/pv/privileged.hpp"
#include "machine/registers.hpp"
#include "machine/user_copy.hpp"
#include "memory/frame.hpp"
#include "paging/mmu.hpp"

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

// A bit instruction whose bit number is in a register may reach beyond its operand (SDM 2A BTS): not ours.
bool reaches_beyond(const Instruction& instruction, Registers& registers) {
    const bool on_bit = instruction.operation == Operation::bit_set || instruction.operation == Operation::bit_reset ||
                        instruction.operation == Operation::bit_complement;
    return on_bit && !instruction.has_immediate &&
           read_register(registers, instruction, instruction.reg) >= instruction.width * 8u;
}

void finish(Vcpu& vcpu, const Instruction& instruction, const Outcome& outcome) {
    if (outcome.register_changes)
        write_register(vcpu.registers, instruction, outcome.register_number, outcome.register_value);
    vcpu.registers.rflags = outcome.flags;
    step_over(vcpu, instruction.length);
}

}  // namespace

bool emulate_table_write(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    if (!vcpu.pv.in_kernel || !is_refused_store(error_code) || !guest_may_name(address, 8)) return false;
    const paging::Walk walk = paging::walk(vcpu.pv.kernel_root, address);
    if (!walk.mapped() || walk.entries[1].writable()) return false;
    const auto instruction = store_to(vcpu, address);
    if (!instruction || reaches_beyond(*instruction, vcpu.registers)) return false;
    const Mfn frame = walk.entries[1].mfn();
    const auto offset = static_cast<unsigned>(address % page_size);
    const bool dropped = vcpu.domain.privileged && !has_record(frame) && dom0_frame(frame) == FrameAccess::read_only;

    for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
        std::uint64_t found = 0;
        if (copy_from_guest(&found, address, instruction->width) != 0) return false;
        const Outcome outcome = outcome_of(*instruction, vcpu.registers, found);
        if (!dropped) {
            paging::Budget budget;
            const auto step = paging::emulate_table_write(frame, offset, found, outcome.stored, instruction->width,
                                                          vcpu.domain.memory, budget);
            if (step.refused() != nullptr) return false;
            if (!step.done()) return true;   // the guest comes again
            if (step.value() != found) continue;
        }
        finish(vcpu, *instruction, outcome);
        return true;
    }
    return true;
}

}  // namespace basalt::pv
