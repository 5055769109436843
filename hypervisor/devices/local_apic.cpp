#include "devices/local_apic.hpp"

#include "core/assert.hpp"
#include "core/once.hpp"
#include "debug/log.hpp"
#include "devices/clock.hpp"
#include "devices/firmware.hpp"
#include "devices/local_apic_registers.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/kick.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

constinit Once<LocalApicAccess> apic;   // every CPU speaks to its own in the same way

constexpr std::uint64_t base_enable = 1 << 11;       // IA32_APIC_BASE, figure 11-5
constexpr std::uint64_t base_x2apic = 1 << 10;
constexpr std::uint64_t base_address = 0x000f'ffff'ffff'f000;

constexpr std::uint32_t spurious_enable = 1 << 8;
constexpr std::uint32_t lvt_masked = 1 << 16;
constexpr std::uint32_t lvt_nmi = 4 << 8;
constexpr std::uint32_t lvt_active_low = 1 << 13;

// Interrupt command register, figure 11-12.
constexpr std::uint32_t command_nmi = 4 << 8;
constexpr std::uint32_t command_init = 5 << 8;
constexpr std::uint32_t command_start_up = 6 << 8;
constexpr std::uint32_t command_assert = 1 << 14;
constexpr std::uint32_t command_self = 1 << 18;
constexpr std::uint32_t command_others = 3 << 18;

void find_registers() {
    const auto base = read_msr(msr::apic_base);
    if (features().x2apic || (base & base_x2apic)) {
        apic.set({.by_msr = true});
        return;
    }
    const auto registers = map_device(local_apic_page(), page_size);
    ASSERT(registers.has_value());
    apic.set({.registers = *registers});
}

void route_nmi() {
    const auto acpi_id = acpi_id_of(local_apic_id()).value_or(0);
    for (const auto& nmi : firmware().madt.nmis) {
        if (nmi.acpi_id != acpi_id && nmi.acpi_id != 0xff && nmi.acpi_id != ~0u) continue;
        const auto entry = nmi.pin == 0 ? LocalRegister::lint0 : LocalRegister::lint1;
        apic->write(entry, lvt_nmi | (nmi.polarity == acpi::Polarity::low ? lvt_active_low : 0));
    }
}

}  // namespace

const LocalApicAccess& local_apic() { return *apic; }

std::uint64_t local_apic_page() { return read_msr(msr::apic_base) & base_address; }

void switch_local_apic_on() {
    if (!apic.is_set()) find_registers();
    auto base = read_msr(msr::apic_base) | base_enable;
    write_msr(msr::apic_base, base);
    if (apic->by_msr) write_msr(msr::apic_base, base | base_x2apic);

    apic->write(LocalRegister::task_priority, 0);
    apic->write(LocalRegister::timer, lvt_masked);
    apic->write(LocalRegister::lint0, lvt_masked);
    apic->write(LocalRegister::lint1, lvt_masked);
    route_nmi();
    apic->write(LocalRegister::error, static_cast<std::uint32_t>(vector::local_error));
    apic->write(LocalRegister::spurious, spurious_enable | static_cast<std::uint32_t>(vector::spurious));
    apic->write(LocalRegister::error_status, 0);
}

void end_interrupt() { apic->write(LocalRegister::end_of_interrupt, 0); }

std::uint32_t local_apic_id() {
    const auto id = apic->read(LocalRegister::id);
    return apic->by_msr ? id : id >> 24;
}

void send_ipi(CpuId cpu, std::uint8_t vector) {
    if (apic.is_set()) apic->command(cpu_of(cpu).apic_id, vector);
}

void interrupt_self(std::uint8_t vector) {
    if (apic.is_set()) apic->command_by_shorthand(command_self | vector);
}

void send_nmi_to_others() {
    if (apic.is_set()) apic->command_by_shorthand(command_nmi | command_assert | command_others);
}

void send_init_and_start_up(std::uint32_t apic_id, std::uint64_t trampoline) {
    ASSERT(trampoline < 0x10'0000 && trampoline % page_size == 0);
    apic->command(apic_id, command_init | command_assert);
    wait_microseconds(10'000);
    for (int times = 0; times < 2; ++times) {
        apic->command(apic_id, command_start_up | static_cast<std::uint32_t>(trampoline >> page_shift));
        wait_microseconds(200);
    }
}

}  // namespace basalt
