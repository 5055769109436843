#include "guests/pv/ports.hpp"

#include "abi/xen.hpp"
#include "devices/dom0_access.hpp"
#include "devices/pci_config.hpp"
#include "domain/domain.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "guests/pv/mode.hpp"
#include "guests/pv/timer_channel.hpp"
#include "instructions/operands.hpp"
#include "machine/entry.hpp"
#include "machine/instructions.hpp"
#include "machine/user_copy.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

constexpr std::uint64_t most_repetitions = 256;   // of one go: longer ones are looked at again

// A bit of the guest's own bitmap, clear for ports that it lends to its user mode (SDM 1 19.5.2).
bool lent_to_user(const Vcpu& vcpu, std::uint16_t port, unsigned width) {
    const PvVcpu& pv = pv::of(vcpu);
    if (pv.io_bitmap_ports == 0) return false;
    const KernelMemory seen(vcpu);
    for (unsigned byte = 0; byte < width; ++byte) {
        const std::uint32_t bit = port + byte;
        if (bit >= pv.io_bitmap_ports || pv.io_bitmap.p == nullptr) return false;
        const std::uint64_t place = reinterpret_cast<std::uint64_t>(pv.io_bitmap.p) + bit / 8;
        std::uint8_t bits;
        if (!guest_may_name(place, 1) || copy_from_guest(&bits, place, 1) != 0) return false;
        if ((bits >> bit % 8 & 1) != 0) return false;
    }
    return true;
}

bool may_use_ports(const Vcpu& vcpu, std::uint16_t port, unsigned width) {
    return has_io_privilege(vcpu) || lent_to_user(vcpu, port, width);
}

std::uint32_t in_machine(std::uint16_t port, unsigned width) {
    return width == 1 ? in8(port) : width == 2 ? in16(port) : in32(port);
}
void out_machine(std::uint16_t port, unsigned width, std::uint32_t value) {
    switch (width) {
        case 1: return out8(port, static_cast<std::uint8_t>(value));
        case 2: return out16(port, static_cast<std::uint16_t>(value));
        default: return out32(port, value);
    }
}

// Of a domain that drives no devices: counter 2, or nothing.
PortPart ports_of(const Vcpu& vcpu, std::uint32_t port, unsigned width) {
    if (vcpu.domain.privileged) return dom0_ports(port, width);
    return {is_timer_channel_2(port) ? PortAccess::timer_channel_2 : PortAccess::none, 1};
}

std::uint32_t read_part(Vcpu& vcpu, std::uint16_t port, PortPart part) {
    switch (part.access) {
        case PortAccess::all: return in_machine(port, part.width);
        case PortAccess::pci_address: return pv::of(vcpu).pci_address;
        case PortAccess::pci_data: return read_pci_for_dom0(pv::of(vcpu).pci_address, port, part.width);
        case PortAccess::timer_channel_2: return read_timer_channel(pv::of(vcpu).timer_channel_2, port);
        case PortAccess::none: break;
    }
    return static_cast<std::uint32_t>(mask_of(part.width));
}

void write_part(Vcpu& vcpu, std::uint16_t port, PortPart part, std::uint32_t value) {
    switch (part.access) {
        case PortAccess::all: return out_machine(port, part.width, value);
        case PortAccess::pci_address: pv::of(vcpu).pci_address = value; return;
        case PortAccess::pci_data: return write_pci_for_dom0(pv::of(vcpu).pci_address, port, part.width, value);
        case PortAccess::timer_channel_2:
            return write_timer_channel(pv::of(vcpu).timer_channel_2, port, static_cast<std::uint8_t>(value));
        case PortAccess::none: return;
    }
}

// Every port that an access reaches is looked at, not its first alone.
template <typename Act>
void for_each_part(const Vcpu& vcpu, std::uint16_t port, unsigned width, Act&& act) {
    PortPart part;
    for (unsigned done = 0; done < width; done += part.width) {
        part = ports_of(vcpu, port + done, width - done);
        act(static_cast<std::uint16_t>(port + done), part, 8 * done);
    }
}

std::uint32_t read_port(Vcpu& vcpu, std::uint16_t first, unsigned width) {
    std::uint32_t value = 0;
    for_each_part(vcpu, first, width, [&](std::uint16_t port, PortPart part, unsigned shift) {
        value |= (read_part(vcpu, port, part) & static_cast<std::uint32_t>(mask_of(part.width))) << shift;
    });
    return value;
}

void write_port(Vcpu& vcpu, std::uint16_t first, unsigned width, std::uint32_t value) {
    for_each_part(vcpu, first, width,
                  [&](std::uint16_t port, PortPart part, unsigned shift) { write_part(vcpu, port, part, value >> shift); });
}

Carried one_access(Vcpu& vcpu, const Instruction& instruction, bool in) {
    Registers& registers = vcpu.registers;
    const auto port = static_cast<std::uint16_t>(instruction.has_immediate ? instruction.immediate : registers.rdx);
    if (!may_use_ports(vcpu, port, instruction.width)) return Carried::refused;
    constexpr unsigned accumulator = 0;
    if (in)
        write_register(registers, instruction, accumulator, read_port(vcpu, port, instruction.width));
    else
        write_port(vcpu, port, instruction.width,
                   static_cast<std::uint32_t>(read_register(registers, instruction, accumulator)));
    return Carried::finished;
}

// One element of INS or OUTS. The memory side first where it can fail: a port read twice may lose something.
bool one_element(Vcpu& vcpu, const Instruction& instruction, bool in, std::uint16_t port) {
    Registers& registers = vcpu.registers;
    std::uint64_t& place = in ? registers.rdi : registers.rsi;
    std::uint32_t value = 0;
    const bool reachable = guest_may_name(place, instruction.width) && copy_from_guest(&value, place, instruction.width) == 0 &&
                           (!in || copy_to_guest(place, &value, instruction.width) == 0);
    if (!reachable) {
        const std::uint64_t error = page_fault_error::user | (in ? page_fault_error::write : 0);
        deliver_page_fault(vcpu, place, static_cast<std::uint32_t>(error));
        return false;
    }
    if (in) {
        value = read_port(vcpu, port, instruction.width);
        static_cast<void>(copy_to_guest(place, &value, instruction.width));
    } else {
        write_port(vcpu, port, instruction.width, value);
    }
    const std::uint64_t step = instruction.width;
    place += (registers.rflags & rflags::direction) != 0 ? std::uint64_t{0} - step : step;
    return true;
}

Carried string_access(Vcpu& vcpu, const Instruction& instruction, bool in) {
    Registers& registers = vcpu.registers;
    const auto port = static_cast<std::uint16_t>(registers.rdx);
    if (!may_use_ports(vcpu, port, instruction.width)) return Carried::refused;
    if (instruction.memory.width != 8 || has_base(instruction.memory.segment)) return Carried::refused;
    if (!instruction.repeated) return one_element(vcpu, instruction, in, port) ? Carried::finished : Carried::go_on;
    for (std::uint64_t done = 0; registers.rcx != 0; ++done) {
        if (done == most_repetitions) return Carried::go_on;
        if (!one_element(vcpu, instruction, in, port)) return Carried::go_on;
        --registers.rcx;
    }
    return Carried::finished;
}

}  // namespace

Carried access_ports(Vcpu& vcpu, const Instruction& instruction) {
    switch (instruction.operation) {
        case Operation::in: return one_access(vcpu, instruction, true);
        case Operation::out: return one_access(vcpu, instruction, false);
        case Operation::in_string: return string_access(vcpu, instruction, true);
        default: return string_access(vcpu, instruction, false);
    }
}

void set_io_privilege(Vcpu& vcpu, std::uint8_t level) { of(vcpu).iopl = level; }

void lend_ports_to_user(Vcpu& vcpu, XEN_GUEST_HANDLE(uint8) bitmap, std::uint32_t ports) {
    of(vcpu).io_bitmap = bitmap;
    of(vcpu).io_bitmap_ports = ports;
}

}  // namespace basalt::pv
