// Whether this CPU holds what the vcpu that runs here should have; idle, what is nobody's.
#include <bit>

#include "core/layout.hpp"
#include "domain/audit.hpp"
#include "domain/domain.hpp"
#include "guests/held_registers.hpp"
#include "guests/kinds.hpp"
#include "machine/descriptors.hpp"
#include "machine/entry.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/page_entry.hpp"
#include "machine/page_tables.hpp"
#include "pv_vcpu/parts.hpp"

namespace basalt {
namespace {

std::uint64_t as_number(TablesOf tables) { return std::bit_cast<std::uint32_t>(tables); }

HeldRegisters found_here() {
    const Cpu& cpu = this_cpu();
    const bool with_vcpu = cpu.running_vcpu != nullptr;
    const DescriptorTable gdt = read_gdt(), idt = read_idt();
    const std::uint16_t ldt = read_ldt();
    return {
        // clang-format off: a table
        .cr0 = read_cr0(), .cr3 = read_cr3(), .cr4 = read_cr4(), .xcr0 = features().xsave ? read_xcr0() : 0,
        .noted_root = cpu.root, .noted_cr4 = cpu.cr4, .noted_xcr0 = cpu.xcr0,
        .noted_tables = as_number(cpu.translations.walks),
        .dr0 = read_dr<0>(), .dr1 = read_dr<1>(), .dr2 = read_dr<2>(), .dr3 = read_dr<3>(), .dr7 = read_dr<7>(),
        .gdt_base = gdt.base, .gdt_limit = gdt.limit, .own_gdt_page = cpu.descriptors.raw,
        .ldt = ldt, .ldt_descriptor = ldt != 0 ? own_descriptor(ldt) : 0,
        .idt_base = idt.base, .idt_limit = idt.limit, .task = read_task_register(),
        .efer = read_msr(msr::efer), .star = read_msr(msr::star), .lstar = read_msr(msr::lstar),
        .cstar = read_msr(msr::cstar), .syscall_mask = read_msr(msr::syscall_mask),
        .sysenter_cs = try_read_msr(msr::sysenter_cs).value_or(0),
        .tsc_aux = features().rdtscp ? read_msr(msr::tsc_aux) : 0, .page_attributes = read_msr(msr::page_attributes),
        .landing = cpu.entry_data->task.stacks[0],
        .stack_behind_landing = with_vcpu ? cpu.running_vcpu->registers.cpu_stack : cpu.entry_data->cpu_stack,
        // clang-format on
    };
}

// On every CPU, whoever runs. What an idle one holds of its last vcpu's choices is told by its own notes.
HeldRegisters expected_idle(const HeldRegisters& found) {
    const Cpu& cpu = this_cpu();
    const SystemCallRegisters calls = system_call_registers();
    const DescriptorTable gdt = gdt_at(no_guest_gdt);
    HeldRegisters expected = found;   // where nothing more is said: DR0 to DR3, which DR7 has switched off
    expected.cr0 = wanted_cr0 | (cpu.task_switched ? cr0::task_switched : 0);
    expected.cr3 = expected.noted_root = physical_of(boot_root());
    expected.noted_tables = as_number(TablesOf());
    expected.cr4 = cpu.cr4, expected.xcr0 = cpu.xcr0;
    expected.dr7 = DebugRegisters{}.control;
    expected.gdt_base = gdt.base, expected.gdt_limit = gdt.limit, expected.own_gdt_page = cpu.descriptors.raw;
    expected.ldt = expected.ldt_descriptor = 0;
    expected.idt_base = layout::interrupt_gates, expected.idt_limit = page_size - 1, expected.task = selector::task;
    expected.efer = features().efer_wanted, expected.star = calls.star, expected.lstar = calls.lstar;
    expected.cstar = calls.cstar, expected.syscall_mask = calls.mask;
    expected.sysenter_cs = 0, expected.tsc_aux = cpu.tsc_aux, expected.page_attributes = page_attribute_table;
    expected.landing = expected.stack_behind_landing = cpu.entry_data->cpu_stack;
    return expected;
}

}  // namespace

std::optional<Finding> wrong_with_this_cpu() {
    const Cpu& cpu = this_cpu();
    const Vcpu* const vcpu = cpu.running_vcpu;
    HeldRegisters found = found_here();
    HeldRegisters expected = expected_idle(found);
    if (vcpu != nullptr) by_kind(*vcpu, [&](SuppliesDoors auto kind) { kind.expect_of(*vcpu, found, expected); });
    const auto wrong = first_difference(found, expected);
    if (!wrong) return std::nullopt;
    const DomainId whose = vcpu != nullptr ? vcpu->domain.id : owner_hypervisor;
    return Finding{whose, "CPU", cpu.id.raw, wrong->name, found.*wrong->value, expected.*wrong->value};
}

}  // namespace basalt
