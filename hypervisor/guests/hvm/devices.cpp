// Accesses where the guest has no memory, or none that it may write: the page of its local APIC, what others let it only read,
// and nothing. APM 2 15.25.6.
#include <cstring>

#include "domain/domain.hpp"
#include "domain/own_frames.hpp"
#include "guests/hvm/exits.hpp"
#include "guests/hvm/inject.hpp"
#include "guests/hvm/local_apic.hpp"
#include "instructions/arithmetic.hpp"
#include "instructions/operands.hpp"

namespace basalt::hvm {
namespace {

using instructions::Instruction;

struct Fault {
    std::uint64_t error, address;

    bool is_present() const { return (error & 1) != 0; }   // what was refused is a write, or a fetch
    bool writes() const { return (error & 1 << 1) != 0; }
    bool fetches() const { return (error & 1 << 4) != 0; }
    bool is_in_tables() const { return (error >> 33 & 1) != 0; }   // the guest's own, on the way to what it touched
};

// `width` bytes at the address, all in one page. Its local APIC's registers lie 16 bytes apart, and are of 32 bits. Memory that
// may only be read keeps what it holds.
class Device {
public:
    Device(HvmVcpu& vcpu, std::uint64_t address, unsigned width) : vcpu_(vcpu), address_(address), width_(width) {}

    std::uint64_t read() const {
        const std::uint64_t all = instructions::mask_of(width_);
        if (!is_apic()) return read_memory().value_or(all);
        const std::uint64_t word = read_apic_page(vcpu_, offset() & ~std::uint32_t{0xf});
        const unsigned shift = offset() % 16 * 8;
        return shift < 32 ? word >> shift & all : 0;
    }
    void write(std::uint64_t value) const {
        if (is_apic() && width_ >= 4) write_apic_page(vcpu_, offset(), static_cast<std::uint32_t>(value));
    }

private:
    std::optional<std::uint64_t> read_memory() const {
        const auto page = own_frame(vcpu_.domain, Pfn(address_ >> page_shift), false);
        if (!page) return std::nullopt;
        std::uint64_t value = 0;
        std::memcpy(&value, static_cast<const std::byte*>(contents(page->mfn())) + address_ % page_size, width_);
        return value;
    }
    bool is_apic() const { return vcpu_.local_apic.page() == (address_ & ~(page_size - 1)); }
    std::uint32_t offset() const { return static_cast<std::uint32_t>(address_ % page_size); }

    HvmVcpu& vcpu_;
    std::uint64_t address_;
    unsigned width_;
};

// One that another vcpu has written there meanwhile does something else: it is met again.
bool is_the_access(const Instruction& instruction, const Fault& fault) {
    using namespace instructions;
    if (!is_word_operation(instruction.operation) || is_string(instruction.operation) || !instruction.in_memory) return false;
    return fault.writes() ? stores_word(instruction) : loads_word(instruction);
}

void carry_out(HvmVcpu& vcpu, const Instruction& instruction, const Device& device) {
    const std::uint64_t found = instructions::loads_word(instruction) ? device.read() : 0;
    vcpu.registers.rflags = vcpu.state().rflags;
    vcpu.registers.rsp = vcpu.state().rsp;
    const instructions::Effect effect = instructions::effect_of(instruction, vcpu.registers, found);
    if (instructions::stores_word(instruction)) device.write(effect.stored);
    vcpu.state().rflags = effect.flags;
    if (effect.register_changes)
        instructions::write_register(vcpu.registers, instruction, effect.register_number, effect.register_value);
    vcpu.state().rsp = vcpu.registers.rsp;
    stepped_over(vcpu, instruction);
}

}   // namespace

void nested_page_fault_exit(HvmVcpu& vcpu) {
    const Fault fault{vcpu.exit().info_1, vcpu.exit().info_2};
    const auto there = vcpu.domain.nested.find(Pfn(fault.address >> page_shift));
    // By now it is memory, or memory to write: the access is made again.
    if (there.present() && (!fault.is_present() || (fault.writes() && there.writable()))) return;
    if (fault.fetches() || fault.is_in_tables()) return crash(vcpu, "its code or its tables are where it has no memory");
    // No instruction of the guest's did it, but what was being delivered.
    if (vcpu.exit().interrupted.valid()) return crash(vcpu, "what it was to meet has led to where it has no memory");
    const auto instruction = instruction_at_rip(vcpu);
    if (!instruction) return;
    if (!is_the_access(*instruction, fault))
        return crash(vcpu, "it touched memory that is not there, or that it may only read");
    if (there.present() && fault.address % page_size + instruction->width > page_size)
        return crash(vcpu, "it wrote across the end of memory that it may only read");
    carry_out(vcpu, *instruction, Device(vcpu, fault.address, instruction->width));
}

}   // namespace basalt::hvm
