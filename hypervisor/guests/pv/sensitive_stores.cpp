#include "guests/pv/sensitive_stores.hpp"

#include <cstring>

#include "abi/xen.hpp"
#include "guests/pv/control_registers.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "guests/pv/fetch.hpp"
#include "instructions/operands.hpp"
#include "machine/descriptors.hpp"
#include "machine/user_copy.hpp"
#include "paging/mmu.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

// What a pseudo-descriptor names: SDM 3A figure 2-6.
struct [[gnu::packed]] TablePointer {
    std::uint16_t limit;
    std::uint64_t base;
};
static_assert(sizeof(TablePointer) == 10);

constexpr std::uint16_t gdt_limit = (FIRST_RESERVED_GDT_PAGE + 1) * page_size - 1;
constexpr std::uint16_t idt_limit = page_size - 1;

TablePointer table_pointer(const Vcpu& vcpu, Operation operation) {
    if (operation == Operation::store_idt) return {idt_limit, layout::interrupt_gates};
    return {gdt_limit, layout::gdt_of(vcpu.id)};
}

std::uint64_t word_of(const Vcpu& vcpu, Operation operation) {
    switch (operation) {
        case Operation::store_ldt: return pv::of(vcpu).ldt_entries != 0 ? selector::ldt : 0;
        case Operation::store_task: return selector::task;
        default: return *read_control_register(vcpu, 0);
    }
}

bool store_in_memory(Vcpu& vcpu, const Instruction& instruction, const void* value, std::size_t size) {
    const std::uint64_t place = address_of(instruction, vcpu.registers);
    const std::size_t missing = guest_may_name(place, size) ? copy_to_guest(place, value, size) : size;
    if (missing == 0) return true;
    const std::uint64_t faulting = place + size - missing;
    const bool is_there = paging::leaf_of(pv::of(vcpu).kernel_root, faulting).present();
    const std::uint64_t error = page_fault_error::write | (is_there ? page_fault_error::present : 0);
    deliver_page_fault(vcpu, faulting, static_cast<std::uint32_t>(error));
    return false;
}

}  // namespace

bool store_for(Vcpu& vcpu, const Instruction& instruction) {
    constexpr std::size_t size_in_memory = 2;   // whatever the operand's width
    const Operation operation = instruction.operation;
    if (operation == Operation::store_gdt || operation == Operation::store_idt) {
        const TablePointer pointer = table_pointer(vcpu, operation);
        return store_in_memory(vcpu, instruction, &pointer, sizeof(pointer));
    }
    const std::uint64_t word = word_of(vcpu, operation);
    if (instruction.in_memory) return store_in_memory(vcpu, instruction, &word, size_in_memory);
    write_register(vcpu.registers, instruction, instruction.rm, word);
    return true;
}

}  // namespace basalt::pv
