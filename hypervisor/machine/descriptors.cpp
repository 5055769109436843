#include "machine/descriptors.hpp"

#include <array>

#include "abi/xen.hpp"
#include "core/assert.hpp"
#include "machine/entry.hpp"
#include "machine/image.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"

// Doors of entry.S.
extern "C" {
extern std::byte system_call_entry[], compatible_system_call_entry[], exception_stubs[], interrupt_stubs[];
extern std::byte debug_entry[], nmi_entry[], machine_check_entry[], double_fault_entry[];
}

namespace basalt {
namespace {

// SDM 3A 3.4.5: accessed beforehand, so that the CPU does not write.
constexpr Descriptor code_64 = 0x00af'9b00'0000'ffff;
constexpr Descriptor data_flat = 0x00cf'9300'0000'ffff;
constexpr Descriptor ring_3 = 0x0000'6000'0000'0000;
constexpr Descriptor code_32_flat = 0x00cf'9b00'0000'ffff;

// SDM 3A 7.2.3: the low half of a system descriptor; the high half is base >> 32.
constexpr Descriptor system_descriptor(std::uint64_t base, std::uint64_t limit, Descriptor type) {
    return (limit & 0xffff) | (base & 0xff'ffff) << 16 | (type | 0x80) << 40 | (limit >> 16 & 0xf) << 48 |
           (base >> 24 & 0xff) << 56;
}
constexpr Descriptor task_state_available = 9;
constexpr Descriptor local_table = 2;

constexpr std::size_t in_page(std::uint16_t chosen) { return (chosen % page_size) / sizeof(Descriptor); }

// SDM 3A 6.14.1.
struct Gate {
    std::uint16_t offset_low;
    std::uint16_t chosen;
    std::uint8_t stack;       // 0: RSP0 or the stack in use
    std::uint8_t type;
    std::uint16_t offset_middle;
    std::uint32_t offset_high;
    std::uint32_t reserved;
};
static_assert(sizeof(Gate) * 256 == page_size);

constexpr std::uint8_t interrupt_gate = 0x8e;
constexpr std::uint8_t guest_may_call = 0x60;

enum Stack : std::uint8_t { none, nmi_stack, debug_stack, double_fault_stack, machine_check_stack };

Gate gate(const std::byte* entry, std::uint8_t stack) {
    const auto to = address_of(entry);
    return {static_cast<std::uint16_t>(to),
            selector::code,
            stack,
            interrupt_gate,
            static_cast<std::uint16_t>(to >> 16),
            static_cast<std::uint32_t>(to >> 32),
            0};
}

layout::Address in_own_alias(const std::byte* symbol) {
    return entry_alias(this_cpu().id) + (address_of(symbol) - address_of(entry_text_start));
}

// A stack begins at the end of its page.
constexpr layout::Address end_of(std::size_t stack_page) { return (stack_page + 1) * page_size; }

void fill_task_state(TaskState& task, layout::Address block) {
    task = {};
    task.stacks[0] = block + layout::cpu_block_size;
    task.interrupt_stacks[nmi_stack - 1] = block + end_of(layout::nmi_stack_page);
    task.interrupt_stacks[debug_stack - 1] = block + end_of(layout::debug_stack_page);
    task.interrupt_stacks[double_fault_stack - 1] = block + end_of(layout::double_fault_stack_page);
    task.interrupt_stacks[machine_check_stack - 1] = block + end_of(layout::machine_check_stack_page);
    task.io_map = sizeof(TaskState);   // beyond the limit: no ports for ring 3
}

void fill_descriptors(Descriptor* page, layout::Address task) {
    page[in_page(selector::code)] = code_64;
    page[in_page(selector::data)] = data_flat;
    page[in_page(selector::guest_code_32)] = code_32_flat | ring_3;
    page[in_page(selector::guest_data)] = data_flat | ring_3;
    page[in_page(selector::guest_code)] = code_64 | ring_3;
    page[in_page(selector::task)] = system_descriptor(task, sizeof(TaskState) - 1, task_state_available);
    page[in_page(selector::task) + 1] = task >> 32;
}

// Place in an alias: the entry text and its data come first.
constexpr layout::Address descriptors_in_alias = 9 * page_size;

std::uint64_t entry_text_size() { return static_cast<std::uint64_t>(entry_text_end - entry_text_start); }

void set_up_system_calls() {
    const auto [star, lstar, cstar, mask] = system_call_registers();
    write_msr(msr::star, star);
    write_msr(msr::lstar, lstar);
    write_msr(msr::cstar, cstar);
    write_msr(msr::syscall_mask, mask);
    try_write_msr(msr::sysenter_cs, 0);   // SYSENTER is refused: #GP
}

alignas(page_size) constexpr std::array<Descriptor, page_size / sizeof(Descriptor)> nulls{};

Descriptor* own_descriptors() { return static_cast<Descriptor*>(layout::direct(this_cpu().descriptors)); }

}  // namespace

void fill_gates(std::byte* page) {
    auto* gates = reinterpret_cast<Gate*>(page);
    for (unsigned vector = 0; vector < 32; ++vector) gates[vector] = gate(exception_stubs + 16 * vector, none);
    for (unsigned vector = 32; vector < 256; ++vector) gates[vector] = gate(interrupt_stubs + 8 * (vector - 32), none);
    gates[vector::breakpoint].type |= guest_may_call;
    gates[vector::overflow].type |= guest_may_call;
    gates[vector::debug] = gate(debug_entry, debug_stack);
    gates[vector::nmi] = gate(nmi_entry, nmi_stack);
    gates[vector::double_fault] = gate(double_fault_entry, double_fault_stack);
    gates[vector::machine_check] = gate(machine_check_entry, machine_check_stack);
}

void fill_tables(CpuId cpu, const CpuPages& pages) {
    ASSERT(entry_text_size() < layout::interrupt_gates - layout::entry_area);
    const auto block = layout::cpu_area + cpu.raw * layout::cpu_block_size;
    auto& data = *static_cast<EntryData*>(layout::direct(pages.entry_data));
    data.cpu_stack = block + layout::cpu_block_size;
    fill_task_state(data.task, block);
    const auto task = entry_alias(cpu) + entry_text_size() + offsetof(EntryData, task);
    fill_descriptors(static_cast<Descriptor*>(layout::direct(pages.descriptors)), task);
    cpu_of(cpu).descriptors = pages.descriptors;
    cpu_of(cpu).entry_data = &data;
}

void map_entry_alias(CpuId cpu, const CpuPages& pages) {
    const auto alias = entry_alias(cpu);
    const auto text = physical_in_image(entry_text_start);
    const auto must = [](Result<> done) { ASSERT(done); };
    for (std::uint64_t at = 0; at < entry_text_size(); at += page_size)
        must(map(alias + at, mfn_of(text + at), rights::execute));
    must(map(alias + entry_text_size(), pages.entry_data, rights::write));
    must(map(alias + descriptors_in_alias, pages.descriptors, rights::write));
}

Mfn no_descriptors() { return mfn_of(physical_in_image(nulls.data())); }

// SDM 3A 5.8.8: SYSRET adds 16 to the upper selector for code and 8 for the stack.
SystemCallRegisters system_call_registers() {
    constexpr auto mask = rflags::trap | rflags::interrupts | rflags::direction | rflags::iopl | rflags::nested_task |
                          rflags::resume | rflags::virtual_8086 | rflags::alignment_check;
    return {std::uint64_t{selector::guest_code_32} << 48 | std::uint64_t{selector::code} << 32, in_own_alias(system_call_entry),
            in_own_alias(compatible_system_call_entry), mask};
}

layout::Address task_base() { return entry_alias(this_cpu().id) + entry_text_size() + offsetof(EntryData, task); }

DescriptorTable gdt_at(layout::Address area) {
    const auto own = entry_alias(this_cpu().id) + descriptors_in_alias;
    const auto base = area == no_guest_gdt ? own - FIRST_RESERVED_GDT_PAGE * page_size : area;
    return {static_cast<std::uint16_t>((FIRST_RESERVED_GDT_PAGE + 1) * page_size - 1), base};
}
void use_gdt(layout::Address area) { load_gdt(gdt_at(area)); }

Descriptor ldt_descriptor(layout::Address address, unsigned entries) {
    return system_descriptor(address, entries * sizeof(Descriptor) - 1, local_table);
}
Descriptor own_descriptor(std::uint16_t chosen) { return own_descriptors()[in_page(chosen)]; }

void use_ldt(layout::Address address, unsigned entries) {
    if (entries == 0) return load_ldt(0);
    auto* page = own_descriptors();
    page[in_page(selector::ldt)] = ldt_descriptor(address, entries);
    page[in_page(selector::ldt) + 1] = address >> 32;
    load_ldt(selector::ldt);
}

void load_tables() {
    use_gdt(no_guest_gdt);
    asm volatile("push %0\n\t"
                 "lea 1f(%%rip), %%rax\n\t"
                 "push %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "mov %1, %%ss\n\t"
                 "mov %2, %%ds\n\t"
                 "mov %2, %%es\n\t"
                 "mov %2, %%fs\n\t"
                 "mov %2, %%gs"
                 :
                 : "i"(std::uint64_t{selector::code}), "r"(std::uint32_t{selector::data}), "r"(std::uint32_t{0})
                 : "rax", "memory");
    // LTR refuses a busy task state: it may be so from an earlier life of this CPU.
    own_descriptors()[in_page(selector::task)] &= ~(Descriptor{2} << 40);
    load_task_register(selector::task);
    load_ldt(0);
    load_idt({page_size - 1, layout::interrupt_gates});
    set_up_system_calls();
}

}  // namespace basalt
