// ACPI tables as far as a hypervisor without AML needs them (ACPI 6.4, chapter 5). Firmware bytes are a claim:
// a value is read out of a span by offset, and whatever lies outside is refused.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/number.hpp"
#include "formats/bounded.hpp"

namespace basalt::acpi {

using Bytes = std::span<const std::byte>;

template <typename T>
    requires std::is_trivially_copyable_v<T>
std::optional<T> value_at(Bytes bytes, std::size_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return {};
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

template <typename T>
T value_or_zero(Bytes bytes, std::size_t offset) {
    return value_at<T>(bytes, offset).value_or(T{});
}

constexpr bool sums_to_zero(Bytes bytes) {
    unsigned sum = 0;
    for (auto byte : bytes) sum += std::to_integer<unsigned>(byte);
    return (sum & 0xff) == 0;
}

// 5.2.5.3, Root System Description Pointer.
struct RootPointer {
    std::uint64_t table = 0;   // RSDT or XSDT
    bool wide = false;         // XSDT: entries of 8 bytes
    friend constexpr bool operator==(const RootPointer&, const RootPointer&) = default;
};
std::optional<RootPointer> root_pointer(Bytes bytes);

// 5.2.5.1: under BIOS the structure lies on a 16-byte boundary of the first KiB of the EBDA, or of 0xe0000 to 0xfffff.
std::optional<std::size_t> find_root_pointer(Bytes area);

// 5.2.6, System Description Table Header.
struct Header {
    std::array<char, 4> signature;
    std::uint32_t length;
    std::uint8_t revision;
    std::uint8_t checksum;
    std::array<char, 6> oem;
    std::array<char, 8> oem_table;
    std::uint32_t oem_revision;
    std::uint32_t creator;
    std::uint32_t creator_revision;
    std::string_view name() const { return {signature.data(), signature.size()}; }
};
static_assert(sizeof(Header) == 36);

using TableAddresses = Bounded<std::uint64_t, 64>;
TableAddresses tables_of(Bytes root_table, bool wide);

// 5.2.3.2, Generic Address Structure.
enum class Space : std::uint8_t { memory = 0, port = 1, pci = 2 };
struct [[gnu::packed]] GenericAddress {
    Space space;
    std::uint8_t bit_width;
    std::uint8_t bit_offset;
    std::uint8_t access_size;
    std::uint64_t address;
};
static_assert(sizeof(GenericAddress) == 12);

// 5.2.12, Multiple APIC Description Table.
enum class Polarity : std::uint8_t { bus = 0, high = 1, low = 3 };
enum class Trigger : std::uint8_t { bus = 0, edge = 1, level = 3 };
constexpr Polarity polarity_of(std::uint16_t flags) { return static_cast<Polarity>(flags & 3); }
constexpr Trigger trigger_of(std::uint16_t flags) { return static_cast<Trigger>((flags >> 2) & 3); }

struct Processor {
    std::uint32_t apic_id = 0;
    std::uint32_t acpi_id = 0;
    bool enabled = false;
};
struct IoApic {
    std::uint8_t id = 0;
    std::uint32_t address = 0;
    std::uint32_t first_gsi = 0;
};
struct Override {
    std::uint8_t isa_irq = 0;
    std::uint32_t gsi = 0;
    Polarity polarity = Polarity::bus;
    Trigger trigger = Trigger::bus;
};
// 5.2.12.7: which local interrupt pin carries NMI; acpi_id 0xff or 0xffffffff means every processor.
struct LocalNmi {
    std::uint32_t acpi_id = 0;
    std::uint8_t pin = 0;
    Polarity polarity = Polarity::bus;
};
struct Madt {
    std::uint64_t local_apic = 0;
    bool has_8259 = false;
    std::size_t processors_left_out = 0;
    Bounded<Processor, most_cpus> processors;
    Bounded<IoApic, 16> io_apics;
    Bounded<Override, 32> overrides;
    Bounded<LocalNmi, 64> nmis;
};
Madt madt(Bytes table);

// 5.2.9, Fixed ACPI Description Table.
struct Fadt {
    std::uint16_t sci = 0;
    std::uint32_t pm1a_event = 0;
    std::uint32_t pm1b_event = 0;
    std::uint32_t pm1a_control = 0;
    std::uint32_t pm1b_control = 0;
    std::uint32_t pm_timer = 0;            // a port; 0: none
    bool pm_timer_is_32_bit = false;
    bool can_reset = false;
    GenericAddress reset{};
    std::uint8_t reset_value = 0;
    bool hardware_reduced = false;
    std::uint8_t century_register = 0;     // index in CMOS; 0: none
};
Fadt fadt(Bytes table);

// IA-PC HPET specification 1.0a, 3.2.4.
std::optional<std::uint64_t> hpet_address(Bytes table);

// PCI Firmware Specification 3.0, 4.1.2: memory-mapped configuration space.
struct ConfigurationSpace {
    std::uint64_t address;
    std::uint16_t segment;
    std::uint8_t first_bus;
    std::uint8_t last_bus;
    std::uint32_t reserved;
};
static_assert(sizeof(ConfigurationSpace) == 16);
inline constexpr std::size_t most_windows = 8;
Bounded<ConfigurationSpace, most_windows> configuration_spaces(Bytes table);

}  // namespace basalt::acpi
