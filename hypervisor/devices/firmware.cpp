#include "devices/firmware.hpp"

#include <algorithm>

#include "core/once.hpp"
#include "debug/log.hpp"
#include "devices/start.hpp"
#include "formats/efi.hpp"
#include "machine/boot_info.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

constinit Once<Firmware> known;

using acpi::Bytes;

// Firmware tables lie in memory of their own kind, which the direct map does not cover.
Bytes firmware_bytes(std::uint64_t physical, std::size_t size) {
    const auto mapped = map_device(physical, size, Caching::write_back);
    return mapped ? Bytes(*mapped, size) : Bytes();
}

// A table is its header first, then as much as the header says.
Bytes table_at(std::uint64_t physical) {
    const auto header = acpi::value_at<acpi::Header>(firmware_bytes(physical, sizeof(acpi::Header)), 0);
    if (!header || header->length < sizeof(acpi::Header) || header->length > 1024 * 1024) return {};
    const auto bytes = firmware_bytes(physical, header->length);
    if (acpi::sums_to_zero(bytes)) return bytes;
    log(Level::warning, "ACPI: table {} at {x} has a wrong checksum and is not used", header->name(), physical);
    return {};
}

constexpr std::uint64_t bios_area = 0xe'0000;
constexpr std::size_t bios_area_size = 0x2'0000;
constexpr std::uint64_t ebda_segment = 0x40e;         // BIOS data area: where the extended one begins
constexpr std::uint64_t shift_flags = 0x417;

std::uint64_t look_for_root_pointer() {
    const auto segment = acpi::value_at<std::uint16_t>(firmware_bytes(ebda_segment, 2), 0).value_or(0);
    const auto ebda = std::uint64_t{segment} << 4;
    if (ebda >= 0x8'0000)
        if (const auto offset = acpi::find_root_pointer(firmware_bytes(ebda, 1024))) return ebda + *offset;
    if (const auto offset = acpi::find_root_pointer(firmware_bytes(bios_area, bios_area_size))) return bios_area + *offset;
    return 0;
}

// The loader hands over a copy, which lies in Basalt: Dom0 needs the original.
std::uint64_t root_pointer_by_uefi(std::uint64_t system_table) {
    if (system_table == 0) return 0;
    const auto list = efi::configuration_table(firmware_bytes(system_table, efi::system_table_size));
    if (list)
        if (const auto found_at =
                efi::acpi_root_pointer(firmware_bytes(list->address, list->entries * efi::configuration_entry_size)))
            return *found_at;
    log(Level::warning, "UEFI: its system table at {x} leads to no ACPI tables; Dom0 may not find them", system_table);
    return 0;
}

// What Dom0 writes there is not looked at.
void tell_of_more_windows(std::size_t kept, std::size_t table_bytes) {
    constexpr std::size_t before_the_first = 44;
    const std::size_t listed = (table_bytes - std::min(table_bytes, before_the_first)) / sizeof(acpi::ConfigurationSpace);
    if (listed > kept)
        log(Level::warning, "ACPI: {} windows of PCI configuration space more than Basalt has room for are not guarded",
            listed - kept);
}

void read_table(std::uint64_t physical, Firmware& found) {
    const auto table = table_at(physical);
    const auto header = acpi::value_at<acpi::Header>(table, 0);
    if (!header) return;
    const auto name = header->name();
    if (name == "APIC") {
        found.madt = acpi::madt(table);
        found.has_madt = true;
    }
    if (name == "FACP") found.fadt = acpi::fadt(table);
    if (name == "HPET") found.hpet = acpi::hpet_address(table);
    if (name == "SRAT") found.affinity_table = table;
    if (name == "SLIT") found.locality_table = table;
    if (name == "MCFG") {
        found.configuration_spaces = acpi::configuration_spaces(table);
        tell_of_more_windows(found.configuration_spaces.size(), table.size());
    }
}

void find(Firmware& found) {
    if (boot_info().efi_system_table == 0)
        found.keyboard_shift_flags = acpi::value_at<std::uint8_t>(firmware_bytes(shift_flags, 1), 0).value_or(0);
    found.rsdp_by_uefi = root_pointer_by_uefi(boot_info().efi_system_table);
    const std::uint64_t told = boot_info().rsdp != 0 ? boot_info().rsdp : found.rsdp_by_uefi;
    found.rsdp = told != 0 ? told : look_for_root_pointer();
    const auto root = acpi::root_pointer(firmware_bytes(found.rsdp, 36));
    if (found.rsdp == 0 || !root) {
        log(Level::warning, "ACPI: no tables found: one CPU, and no IO-APIC");
        return;
    }
    for (auto table : acpi::tables_of(table_at(root->table), root->wide)) read_table(table, found);
    const auto& madt = found.madt;
    log(Level::info, "ACPI: {} CPUs, {} IO-APICs, {} overrides; PM timer at {x}", madt.processors.size(), madt.io_apics.size(),
        madt.overrides.size(), found.fadt.pm_timer);
    if (madt.processors_left_out != 0)
        log(Level::warning, "ACPI: {} CPUs more than Basalt has room for are not used", madt.processors_left_out);
}

}  // namespace

const Firmware& firmware() { return *known; }
const Firmware* firmware_if_found() { return known.is_set() ? &*known : nullptr; }

void find_firmware() { known.set_in_place(find); }

Bounded<std::uint32_t, most_cpus> startable_cpus() {
    Bounded<std::uint32_t, most_cpus> ids;
    for (const auto& processor : known->madt.processors) ids.add(processor.apic_id);
    return ids;
}

std::optional<std::uint32_t> acpi_id_of(std::uint32_t apic_id) {
    for (const auto& processor : known->madt.processors)
        if (processor.apic_id == apic_id) return processor.acpi_id;
    return {};
}

}  // namespace basalt
