#include "formats/efi.hpp"

namespace basalt::efi {
namespace {

constexpr std::uint64_t signature = 0x5453'5953'2049'4249;   // "IBI SYST"
constexpr std::size_t entries_at = 104;
constexpr std::size_t table_at = 112;

using Guid = std::array<std::uint8_t, 16>;
constexpr Guid acpi_2{0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81};
constexpr Guid acpi_1{0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d};

std::optional<std::uint64_t> entry_of(Bytes table, const Guid& wanted) {
    for (std::size_t at = 0; const auto guid = acpi::value_at<Guid>(table, at); at += configuration_entry_size)
        if (*guid == wanted) return acpi::value_at<std::uint64_t>(table, at + sizeof(Guid));
    return {};
}

}  // namespace

std::optional<ConfigurationTable> configuration_table(Bytes system_table) {
    if (acpi::value_at<std::uint64_t>(system_table, 0) != signature) return {};
    const auto entries = acpi::value_at<std::uint64_t>(system_table, entries_at);
    const auto address = acpi::value_at<std::uint64_t>(system_table, table_at);
    if (!entries || !address || *entries > most_configuration_entries) return {};
    return ConfigurationTable{*address, *entries};
}

std::optional<std::uint64_t> acpi_root_pointer(Bytes configuration_table) {
    const auto newer = entry_of(configuration_table, acpi_2);
    return newer ? newer : entry_of(configuration_table, acpi_1);
}

}  // namespace basalt::efi
