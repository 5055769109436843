// Model-specific registers that are not the guest's alone.
#include "guests/hvm/control_registers.hpp"
#include "guests/hvm/exits.hpp"
#include "guests/hvm/inject.hpp"
#include "guests/hvm/local_apic.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/msr.hpp"

namespace basalt::hvm {
namespace {

std::optional<std::uint64_t> read_register(HvmVcpu& vcpu, std::uint32_t number) {
    if (is_apic_register(number)) {
        const auto value = read_apic_register(vcpu, number);
        return value ? std::optional(*value) : std::nullopt;
    }
    if (number == msr::efer) return vcpu.vmcb.save.efer & ~efer::svm;
    if (number == msr::page_attributes) return vcpu.vmcb.save.page_attributes;
    return std::nullopt;
}

// In the control block alone: QEMU's TCG would write it into the machine's. SDM 3A 11.12.4: eight memory types.
bool write_page_attributes(HvmVcpu& vcpu, std::uint64_t value) {
    constexpr unsigned types = 0b1111'0011, last_type = 7;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        const auto type = static_cast<unsigned>(value >> shift & 0xff);
        if (type > last_type || (types >> type & 1) == 0) return false;
    }
    vcpu.vmcb.save.page_attributes = value;
    this_cpu().nested_stale = true;
    return true;
}

bool write_register(HvmVcpu& vcpu, std::uint32_t number, std::uint64_t value) {
    if (is_apic_register(number)) return write_apic_register(vcpu, number, value).has_value();
    if (number == msr::efer) return write_efer(vcpu, value);
    if (number == msr::page_attributes) return write_page_attributes(vcpu, value);
    return false;
}

}   // namespace

void register_exit(HvmVcpu& vcpu) {
    Registers& registers = vcpu.registers;
    const auto number = static_cast<std::uint32_t>(registers.rcx);
    const bool writes = vcpu.vmcb.control.exit_info_1 != 0;
    std::optional<std::uint64_t> value;
    if (writes) {
        value = static_cast<std::uint32_t>(registers.rax) | registers.rdx << 32;
        if (!write_register(vcpu, number, *value)) value.reset();
    } else {
        value = read_register(vcpu, number);
    }
    if (!value) return raise_exception(vcpu, vector::general_protection, 0);
    using instructions::Operation;
    if (!stepped_over(vcpu, writes ? Operation::write_msr : Operation::read_msr) || writes) return;
    registers.rax = static_cast<std::uint32_t>(*value), registers.rdx = *value >> 32;
}

}   // namespace basalt::hvm
