#include "judged/judge.hpp"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <format>
#include <optional>
#include <vector>

namespace basalt::instructions::judged {
namespace {

// What ours is called there. Several: strings and IRET by their width.
struct Name {
    Operation operation;
    std::vector<ZydisMnemonic> there;
};

// clang-format off: a table
const std::vector<Name> names{
    {Operation::move, {ZYDIS_MNEMONIC_MOV, ZYDIS_MNEMONIC_MOVNTI}},
    {Operation::move_zero_extended, {ZYDIS_MNEMONIC_MOVZX}},
    {Operation::move_sign_extended, {ZYDIS_MNEMONIC_MOVSX, ZYDIS_MNEMONIC_MOVSXD}},
    {Operation::exchange, {ZYDIS_MNEMONIC_XCHG}},
    {Operation::compare_exchange, {ZYDIS_MNEMONIC_CMPXCHG}},
    {Operation::exchange_add, {ZYDIS_MNEMONIC_XADD}},
    {Operation::add, {ZYDIS_MNEMONIC_ADD}},
    {Operation::add_with_carry, {ZYDIS_MNEMONIC_ADC}},
    {Operation::subtract, {ZYDIS_MNEMONIC_SUB}},
    {Operation::subtract_with_borrow, {ZYDIS_MNEMONIC_SBB}},
    {Operation::bitwise_and, {ZYDIS_MNEMONIC_AND}},
    {Operation::bitwise_or, {ZYDIS_MNEMONIC_OR}},
    {Operation::bitwise_xor, {ZYDIS_MNEMONIC_XOR}},
    {Operation::bit_set, {ZYDIS_MNEMONIC_BTS}},
    {Operation::bit_reset, {ZYDIS_MNEMONIC_BTR}},
    {Operation::bit_complement, {ZYDIS_MNEMONIC_BTC}},
    {Operation::compare, {ZYDIS_MNEMONIC_CMP}},
    {Operation::test, {ZYDIS_MNEMONIC_TEST}},
    {Operation::bit_test, {ZYDIS_MNEMONIC_BT}},
    {Operation::store_string, {ZYDIS_MNEMONIC_STOSB, ZYDIS_MNEMONIC_STOSW, ZYDIS_MNEMONIC_STOSD, ZYDIS_MNEMONIC_STOSQ}},
    {Operation::move_string, {ZYDIS_MNEMONIC_MOVSB, ZYDIS_MNEMONIC_MOVSW, ZYDIS_MNEMONIC_MOVSD, ZYDIS_MNEMONIC_MOVSQ}},
    {Operation::read_control, {ZYDIS_MNEMONIC_MOV}},
    {Operation::write_control, {ZYDIS_MNEMONIC_MOV}},
    {Operation::read_debug, {ZYDIS_MNEMONIC_MOV}},
    {Operation::write_debug, {ZYDIS_MNEMONIC_MOV}},
    {Operation::clear_task_switched, {ZYDIS_MNEMONIC_CLTS}},
    {Operation::load_machine_status, {ZYDIS_MNEMONIC_LMSW}},
    {Operation::store_gdt, {ZYDIS_MNEMONIC_SGDT}},
    {Operation::store_idt, {ZYDIS_MNEMONIC_SIDT}},
    {Operation::store_ldt, {ZYDIS_MNEMONIC_SLDT}},
    {Operation::store_task, {ZYDIS_MNEMONIC_STR}},
    {Operation::store_machine_status, {ZYDIS_MNEMONIC_SMSW}},
    {Operation::read_msr, {ZYDIS_MNEMONIC_RDMSR}},
    {Operation::write_msr, {ZYDIS_MNEMONIC_WRMSR}},
    {Operation::read_tsc, {ZYDIS_MNEMONIC_RDTSC}},
    {Operation::read_tsc_and_aux, {ZYDIS_MNEMONIC_RDTSCP}},
    {Operation::read_counter, {ZYDIS_MNEMONIC_RDPMC}},
    {Operation::set_extended_control, {ZYDIS_MNEMONIC_XSETBV}},
    {Operation::halt, {ZYDIS_MNEMONIC_HLT}},
    {Operation::write_back_caches, {ZYDIS_MNEMONIC_WBINVD}},
    {Operation::invalidate_caches, {ZYDIS_MNEMONIC_INVD}},
    {Operation::invalidate_page, {ZYDIS_MNEMONIC_INVLPG}},
    {Operation::clear_interrupts, {ZYDIS_MNEMONIC_CLI}},
    {Operation::set_interrupts, {ZYDIS_MNEMONIC_STI}},
    {Operation::interrupt_return, {ZYDIS_MNEMONIC_IRET, ZYDIS_MNEMONIC_IRETD, ZYDIS_MNEMONIC_IRETQ}},
    {Operation::in, {ZYDIS_MNEMONIC_IN}},
    {Operation::out, {ZYDIS_MNEMONIC_OUT}},
    {Operation::in_string, {ZYDIS_MNEMONIC_INSB, ZYDIS_MNEMONIC_INSW, ZYDIS_MNEMONIC_INSD}},
    {Operation::out_string, {ZYDIS_MNEMONIC_OUTSB, ZYDIS_MNEMONIC_OUTSW, ZYDIS_MNEMONIC_OUTSD}},
    {Operation::software_interrupt, {ZYDIS_MNEMONIC_INT}},
    {Operation::breakpoint, {ZYDIS_MNEMONIC_INT3}},
    {Operation::interrupt_on_overflow, {ZYDIS_MNEMONIC_INTO}},
    {Operation::cpuid, {ZYDIS_MNEMONIC_CPUID}},
    {Operation::vmcall, {ZYDIS_MNEMONIC_VMCALL}},
    {Operation::vmmcall, {ZYDIS_MNEMONIC_VMMCALL}},
    {Operation::monitor, {ZYDIS_MNEMONIC_MONITOR}},
    {Operation::monitor_wait, {ZYDIS_MNEMONIC_MWAIT}},
    {Operation::pause, {ZYDIS_MNEMONIC_PAUSE}},
};
// clang-format on

bool is_named(const Name& name, ZydisMnemonic there) { return std::ranges::contains(name.there, there); }

struct There {
    ZydisDecodedInstruction instruction;
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

const ZydisDecoder& decoder_of(Mode mode) {
    static const auto all = [] {
        std::array<ZydisDecoder, 3> decoders;
        ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
        ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
        ZydisDecoderInit(&decoders[2], ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        return decoders;
    }();
    return all[static_cast<unsigned>(mode)];
}

std::optional<There> decode_there(std::span<const std::uint8_t> bytes, Mode mode) {
    There there;
    const auto status =
        ZydisDecoderDecodeFull(&decoder_of(mode), bytes.data(), bytes.size(), &there.instruction, there.operands.data());
    return ZYAN_SUCCESS(status) ? std::optional(there) : std::nullopt;
}

// Both are put into the same words, which then are compared.

constexpr std::array segment_names{"es", "cs", "ss", "ds", "fs", "gs"};

std::string in_words(std::string_view segment, std::string base, std::string index, unsigned scale, std::uint64_t displacement,
                     unsigned address_width, unsigned width) {
    return std::format("{}:[{} + {}*{} + {:x}] of {} bytes, addressed by {}", segment, base, index, index == "none" ? 0 : scale,
                       displacement & mask_of(address_width), width, address_width);
}

std::string general(unsigned number, unsigned width, bool high) {
    return std::format("register {}{} of {}", number, high ? " high" : "", width);
}

// --- ours

std::string base_name(std::uint8_t number, unsigned width) {
    if (number == MemoryOperand::none) return "none";
    return number == MemoryOperand::instruction_pointer ? "rip" : general(number, width, false);
}

std::string memory_of(const MemoryOperand& memory, unsigned width) {
    return in_words(segment_names[static_cast<unsigned>(memory.segment)], base_name(memory.base, memory.width),
                    base_name(memory.index, memory.width), 1u << memory.shift, static_cast<std::uint64_t>(memory.displacement),
                    memory.width, width);
}

std::string register_of(const Instruction& it, unsigned number, unsigned width) {
    const bool high = width == 1 && it.old_byte_registers && number >= 4 && number < 8;
    return general(high ? number - 4 : number, width, high);
}

std::string place_of(const Instruction& it) {
    return it.in_memory ? memory_of(it.memory, it.width) : register_of(it, it.rm, it.width);
}

std::string immediate_of(const Instruction& it) {
    const unsigned width = is_bit(it.operation) || !is_word_operation(it.operation) ? 1 : it.width;
    return std::format("immediate {:x}", it.immediate & mask_of(width));
}

std::vector<std::string> word_operands(const Instruction& it) {
    if (it.has_immediate) return {place_of(it), immediate_of(it)};
    const std::string reg = register_of(it, it.reg, it.result_width);
    return it.into_register ? std::vector{reg, place_of(it)} : std::vector{place_of(it), reg};
}

std::vector<std::string> operands_of(const Instruction& it) {
    constexpr unsigned si = 6, dx = 2;
    const std::string accumulator = register_of(it, 0, it.width);
    const std::string port = it.has_immediate ? immediate_of(it) : general(dx, 2, false);
    const auto source = [&] {
        MemoryOperand memory = it.memory;
        memory.base = si;
        memory.segment = it.source_segment;
        return memory_of(memory, it.width);
    };
    switch (it.operation) {
        case Operation::move_string: return {place_of(it), source()};
        case Operation::store_string: return {place_of(it), accumulator};
        case Operation::in_string: return {place_of(it), port};
        case Operation::out_string: return {port, place_of(it)};
        case Operation::in: return {accumulator, port};
        case Operation::out: return {port, accumulator};
        case Operation::read_control: return {register_of(it, it.rm, it.width), std::format("control {}", it.reg)};
        case Operation::write_control: return {std::format("control {}", it.reg), register_of(it, it.rm, it.width)};
        case Operation::read_debug: return {register_of(it, it.rm, it.width), std::format("debug {}", it.reg)};
        case Operation::write_debug: return {std::format("debug {}", it.reg), register_of(it, it.rm, it.width)};
        case Operation::load_machine_status:
        case Operation::store_gdt:
        case Operation::store_idt:
        case Operation::store_ldt:
        case Operation::store_task:
        case Operation::store_machine_status:
        case Operation::invalidate_page: return {place_of(it)};
        case Operation::software_interrupt: return {immediate_of(it)};
        default: return is_word_operation(it.operation) ? word_operands(it) : std::vector<std::string>{};
    }
}

// --- Zydis'

std::string register_there(ZydisRegister reg) {
    const auto within = [&](ZydisRegister first, ZydisRegister last) { return reg >= first && reg <= last; };
    const auto number = [&](ZydisRegister first) { return static_cast<unsigned>(reg - first); };
    if (reg == ZYDIS_REGISTER_NONE) return "none";
    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP) return "rip";
    if (within(ZYDIS_REGISTER_AL, ZYDIS_REGISTER_BL)) return general(number(ZYDIS_REGISTER_AL), 1, false);
    if (within(ZYDIS_REGISTER_AH, ZYDIS_REGISTER_BH)) return general(number(ZYDIS_REGISTER_AH), 1, true);
    if (within(ZYDIS_REGISTER_SPL, ZYDIS_REGISTER_R15B)) return general(4 + number(ZYDIS_REGISTER_SPL), 1, false);
    if (within(ZYDIS_REGISTER_AX, ZYDIS_REGISTER_R15W)) return general(number(ZYDIS_REGISTER_AX), 2, false);
    if (within(ZYDIS_REGISTER_EAX, ZYDIS_REGISTER_R15D)) return general(number(ZYDIS_REGISTER_EAX), 4, false);
    if (within(ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_R15)) return general(number(ZYDIS_REGISTER_RAX), 8, false);
    if (within(ZYDIS_REGISTER_CR0, ZYDIS_REGISTER_CR15)) return std::format("control {}", number(ZYDIS_REGISTER_CR0));
    if (within(ZYDIS_REGISTER_DR0, ZYDIS_REGISTER_DR15)) return std::format("debug {}", number(ZYDIS_REGISTER_DR0));
    return ZydisRegisterGetString(reg);
}

std::string operand_there(const There& there, const ZydisDecodedOperand& operand) {
    const unsigned width = operand.size / 8u;
    switch (operand.type) {
        case ZYDIS_OPERAND_TYPE_REGISTER: return register_there(operand.reg.value);
        case ZYDIS_OPERAND_TYPE_MEMORY: {
            const auto& memory = operand.mem;
            return in_words(ZydisRegisterGetString(memory.segment), register_there(memory.base), register_there(memory.index),
                            memory.scale, static_cast<std::uint64_t>(memory.disp.value), there.instruction.address_width / 8u,
                            width);
        }
        case ZYDIS_OPERAND_TYPE_IMMEDIATE: {
            const unsigned whole = operand.imm.is_signed ? there.operands[0].size / 8u : width;
            return std::format("immediate {:x}", operand.imm.value.u & mask_of(whole));
        }
        default: return "something else";
    }
}

// Hidden there are also the pointers, the counter and the flags.
bool is_named_by_string(const ZydisDecodedOperand& operand) {
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY) return true;
    const auto is_one_of = [&](auto... registers) { return (... || (operand.reg.value == registers)); };
    return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
           is_one_of(ZYDIS_REGISTER_AL, ZYDIS_REGISTER_AX, ZYDIS_REGISTER_EAX, ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_DX);
}

std::vector<std::string> operands_there(const There& there) {
    std::vector<std::string> words;
    const auto category = there.instruction.meta.category;
    const bool is_string = category == ZYDIS_CATEGORY_STRINGOP || category == ZYDIS_CATEGORY_IOSTRINGOP;
    for (const auto& operand : std::span(there.operands).first(there.instruction.operand_count)) {
        const bool hidden = operand.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
        if (!hidden || (is_string && is_named_by_string(operand))) words.push_back(operand_there(there, operand));
    }
    return words;
}

bool is_set(const There& there, std::uint64_t attributes) { return (there.instruction.attributes & attributes) != 0; }

std::string listed(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& word : words) all += "\n    " + word;
    return all;
}

std::string in_hexadecimal(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const auto byte : bytes) text += std::format("{:02x} ", byte);
    return text;
}

// SDM 2A table 2-5: where ModRM and SIB say "no base", REX.B is not looked at. Zydis 4.0.0 takes it for R13D where addresses
// are of 32 bits in 64-bit code, though it counts the displacement that stands in its place.
bool takes_r13_for_none(const There& there) {
    const auto& raw = there.instruction.raw;
    const bool no_base = raw.modrm.mod == 0 && raw.modrm.rm == 4 && raw.sib.base == 5;
    return there.instruction.machine_mode == ZYDIS_MACHINE_MODE_LONG_64 && there.instruction.address_width == 32 && no_base &&
           raw.rex.B != 0;
}

std::string what_differs(const Instruction& it, const There& there) {
    constexpr auto repeats = ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
    const auto name = std::ranges::find(names, it.operation, &Name::operation);
    const std::string mnemonic = ZydisMnemonicGetString(there.instruction.mnemonic);
    if (name == names.end() || !is_named(*name, there.instruction.mnemonic))
        return std::format("operation {}, there {}", static_cast<unsigned>(it.operation), mnemonic);
    if (it.length != there.instruction.length) return std::format("length {}, there {}", it.length, there.instruction.length);
    if (it.locked != is_set(there, ZYDIS_ATTRIB_HAS_LOCK)) return "LOCK";
    if (it.repeated != is_set(there, repeats)) return "REP";
    if (takes_r13_for_none(there)) return {};
    const auto here = operands_of(it), others = operands_there(there);
    if (here != others) return std::format("operands of {}:{}\n  there:{}", mnemonic, listed(here), listed(others));
    return {};
}

std::string told(std::string_view what, std::span<const std::uint8_t> bytes, Mode mode) {
    if (what.empty()) return {};
    constexpr std::array bits{16, 32, 64};
    return std::format("{}in {} bits: {}", in_hexadecimal(bytes), bits[static_cast<unsigned>(mode)], what);
}

}  // namespace

std::string difference(std::span<const std::uint8_t> bytes, Mode mode) {
    const auto it = decode(bytes, mode);
    if (!it) return {};
    const auto there = decode_there(bytes, mode);
    return told(there ? what_differs(*it, *there) : "there no instruction", bytes, mode);
}

std::string refused(std::span<const std::uint8_t> bytes, Mode mode) {
    if (decode(bytes, mode)) return {};
    const auto there = decode_there(bytes, mode);
    if (!there || !std::ranges::any_of(names, [&](const Name& name) { return is_named(name, there->instruction.mnemonic); }))
        return {};
    const std::string operands = listed(operands_there(*there));
    return told(std::format("refused {}{}", ZydisMnemonicGetString(there->instruction.mnemonic), operands), bytes, mode);
}

}  // namespace basalt::instructions::judged
