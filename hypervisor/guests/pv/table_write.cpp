#include "guests/pv/table_write.hpp"

#include <optional>

#include "devices/dom0_access.hpp"
#include "devices/pci_window.hpp"
#include "domain/domain.hpp"
#include "guests/pv/fetch.hpp"
#include "guests/pv/privileged.hpp"
#include "instructions/arithmetic.hpp"
#include "instructions/operands.hpp"
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
    if (instruction == nullptr || !stores_word(*instruction)) return nullptr;
    const bool in_one_word = address % 8 + instruction->width <= 8;
    return in_one_word && address_of(*instruction, vcpu.registers) == address ? instruction : nullptr;
}

bool read_operand(std::uint64_t& operand, std::uint64_t address, const Instruction& instruction) {
    return copy_from_guest(&operand, address, instruction.width) == 0;
}

// MOVS: the source becomes the instruction's immediate. Another's is as it was fetched.
std::optional<Instruction> with_string_source(const Instruction& fetched, const Registers& registers) {
    Instruction instruction = fetched;
    instruction.has_immediate = true;
    const std::uint64_t source = source_offset_of(instruction, registers);
    const bool there = !has_base(instruction.source_segment) && guest_may_name(source, instruction.width) &&
                       read_operand(instruction.immediate, source, instruction);
    return there ? std::optional(instruction) : std::nullopt;
}

// One element done: the instruction is over, or is met again for the next.
void advance_string(Vcpu& vcpu, const Instruction& instruction) {
    step_string(instruction, vcpu.registers, 1);
    if (!instruction.repeated || elements_left(instruction, vcpu.registers) == 0) step_over(vcpu, instruction.length);
}

void finish(Vcpu& vcpu, const Instruction& instruction, const instructions::Effect& effect) {
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
    const auto effect = effect_of(instruction, vcpu.registers, found);
    write_device(frame, static_cast<unsigned>(address % page_size), instruction.width, effect.stored);
    finish(vcpu, instruction, effect);
    return true;
}

unsigned index_of_entry(std::uint64_t address) { return static_cast<unsigned>(address % page_size / sizeof(PageEntry)); }

enum class Exchanged : std::uint8_t { done, not_as_found, comes_again, refused };

Exchanged exchange(const paging::TableHold& table, unsigned index, PageEntry found, PageEntry wanted, DomainMemory& memory) {
    paging::Budget budget;
    const auto step = paging::exchange_entry(table, index, found, wanted, memory, budget);
    if (step.refused() != nullptr) return Exchanged::refused;
    if (!step.done()) return Exchanged::comes_again;
    return *step ? Exchanged::done : Exchanged::not_as_found;
}

// `act(found)` exchanges the entry that is there, and carries out what follows from it. Answers as emulate_table_write().
template <typename Act>
bool store(Vcpu& vcpu, Mfn mfn, unsigned index, Act act) {
    paging::TableHold table;
    const auto held = table.hold(mfn, vcpu.domain.memory);
    if (!held.done() || table.use() != Use::l1_table) return held.again();
    for (unsigned attempt = 0; attempt < most_attempts; ++attempt) {
        const Exchanged exchanged = act(table, table.entry(index));
        if (exchanged != Exchanged::not_as_found) return exchanged != Exchanged::refused;
    }
    return true;
}

// A store to a part of an entry is one of the whole of it.
bool store_to_table(Vcpu& vcpu, const Instruction& instruction, Mfn mfn, std::uint64_t address) {
    const unsigned index = index_of_entry(address);
    const unsigned shift = address % sizeof(PageEntry) * 8;
    const std::uint64_t mask = mask_of(instruction.width);
    return store(vcpu, mfn, index, [&](const paging::TableHold& table, PageEntry found) {
        const auto effect = effect_of(instruction, vcpu.registers, found.raw() >> shift & mask);
        const PageEntry wanted((found.raw() & ~(mask << shift)) | (effect.stored & mask) << shift);
        const Exchanged exchanged = exchange(table, index, found, wanted, vcpu.domain.memory);
        if (exchanged == Exchanged::done) finish(vcpu, instruction, effect);
        return exchanged;
    });
}

// Kernels take whole entries out of their tables by XCHG, a page at a time.
bool exchange_whole_entry(Vcpu& vcpu, const Instruction& instruction, Mfn mfn, std::uint64_t address) {
    const unsigned index = index_of_entry(address);
    std::uint64_t& source = instructions::general_register(vcpu.registers, instruction.reg);
    return store(vcpu, mfn, index, [&](const paging::TableHold& table, PageEntry found) {
        const Exchanged exchanged = exchange(table, index, found, PageEntry(source), vcpu.domain.memory);
        if (exchanged == Exchanged::done) {
            source = found.raw();
            step_over(vcpu, instruction.length);
        }
        return exchanged;
    });
}

[[gnu::noinline]] bool store_in_general(Vcpu& vcpu, const Instruction& fetched, Mfn mfn, std::uint64_t address, bool to_table) {
    std::optional<Instruction> string;
    if (fetched.operation == Operation::move_string) {
        string = with_string_source(fetched, vcpu.registers);
        if (!string) return false;
    }
    const Instruction& instruction = string ? *string : fetched;
    return to_table ? store_to_table(vcpu, instruction, mfn, address) : store_to_device(vcpu, instruction, mfn, address);
}

}  // namespace

bool emulate_table_write(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    if (!pv::of(vcpu).in_kernel || !is_refused_store(error_code) || !guest_may_name(address, 8)) return false;
    const PageEntry leaf = paging::leaf_of(pv::of(vcpu).kernel_root, address);
    if (!leaf.present() || leaf.writable()) return false;
    // First what decides: most faults are on pages that are no tables.
    const Mfn mfn = leaf.mfn();
    const bool to_table = has_record(mfn) && frame(mfn).word().use() == Use::l1_table;
    if (!to_table && !writes_to_device(vcpu, mfn)) return false;
    const Instruction* instruction = store_to(vcpu, address);
    if (instruction == nullptr) return false;
    const bool is_whole_exchange = instruction->operation == Operation::exchange && instruction->width == sizeof(PageEntry);
    if (to_table && is_whole_exchange) return exchange_whole_entry(vcpu, *instruction, mfn, address);
    return store_in_general(vcpu, *instruction, mfn, address, to_table);
}

}  // namespace basalt::pv
