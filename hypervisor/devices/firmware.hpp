// What the ACPI tables say, read once at start-up.
#pragma once

#include <cstdint>
#include <optional>

#include "formats/acpi.hpp"

namespace basalt {

struct Firmware {
    std::uint64_t rsdp = 0;                // physical; 0: this machine has no ACPI
    std::uint64_t rsdp_by_uefi = 0;        // physical: where UEFI has it, which is nowhere that a kernel looks; 0: a BIOS
    bool has_madt = false;
    acpi::Madt madt;
    acpi::Fadt fadt;
    std::optional<std::uint64_t> hpet;     // physical
    Bounded<acpi::ConfigurationSpace, acpi::most_windows> configuration_spaces;
    acpi::Bytes affinity_table;            // SRAT and SLIT, of which nodes.cpp makes sense; empty: there is none.
    acpi::Bytes locality_table;            // They are the firmware's memory still: for start-up
    std::uint8_t keyboard_shift_flags = 0;   // of the BIOS, as at int 16h, function 2
};

const Firmware& firmware();
const Firmware* firmware_if_found();   // for who may have to stop the machine before it was

// APIC ids of the processors that may be started, in the order of the MADT; what start_cpus() takes.
Bounded<std::uint32_t, most_cpus> startable_cpus();

// What the MADT calls the processor with this APIC id.
std::optional<std::uint32_t> acpi_id_of(std::uint32_t apic_id);

}  // namespace basalt
