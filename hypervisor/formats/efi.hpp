// What a UEFI firmware leaves for good (UEFI 2.9): its system table, and in that the list of other tables. It is a claim,
// read as ACPI's tables are.
#pragma once

#include "formats/acpi.hpp"

namespace basalt::efi {

using acpi::Bytes;

inline constexpr std::size_t system_table_size = 120;
inline constexpr std::size_t configuration_entry_size = 24;
inline constexpr std::uint64_t most_configuration_entries = 512;

// 4.3: where the configuration table is.
struct ConfigurationTable {
    std::uint64_t address = 0;
    std::uint64_t entries = 0;
};
std::optional<ConfigurationTable> configuration_table(Bytes system_table);

// 4.6: ACPI's root pointer, that of version 2 rather than that of 1.
std::optional<std::uint64_t> acpi_root_pointer(Bytes configuration_table);

}  // namespace basalt::efi
