#include "formats/acpi.hpp"

namespace basalt::acpi {
namespace {

constexpr std::size_t first_length = 20;    // of the ACPI 1.0 structure, which its checksum covers
constexpr std::string_view root_signature = "RSD PTR ";

bool signed_root_pointer(Bytes bytes) {
    return bytes.size() >= first_length && std::memcmp(bytes.data(), root_signature.data(), root_signature.size()) == 0 &&
           sums_to_zero(bytes.first(first_length));
}

}  // namespace

std::optional<RootPointer> root_pointer(Bytes bytes) {
    if (!signed_root_pointer(bytes)) return {};
    const auto revision = value_or_zero<std::uint8_t>(bytes, 15);
    if (revision >= 2) {
        const auto length = value_or_zero<std::uint32_t>(bytes, 20);
        const auto wide = value_or_zero<std::uint64_t>(bytes, 24);
        if (length >= 33 && length <= bytes.size() && sums_to_zero(bytes.first(length)) && wide != 0)
            return RootPointer{wide, true};
    }
    return RootPointer{value_or_zero<std::uint32_t>(bytes, 16), false};
}

std::optional<std::size_t> find_root_pointer(Bytes area) {
    for (std::size_t offset = 0; offset + first_length <= area.size(); offset += 16)
        if (signed_root_pointer(area.subspan(offset))) return offset;
    return {};
}

TableAddresses tables_of(Bytes root_table, bool wide) {
    TableAddresses found;
    const std::size_t step = wide ? 8 : 4;
    for (auto offset = sizeof(Header); offset + step <= root_table.size(); offset += step) {
        const auto address =
            wide ? value_or_zero<std::uint64_t>(root_table, offset) : value_or_zero<std::uint32_t>(root_table, offset);
        if (address != 0 && !found.add(address)) break;
    }
    return found;
}

namespace {

// 5.2.12.2 and following: type, length, then fields at fixed offsets.
void read_processor(Madt& madt, Bytes entry) {
    const auto flags = value_or_zero<std::uint32_t>(entry, 4);
    const auto apic_id = value_or_zero<std::uint8_t>(entry, 3);
    if (!(flags & 1) || apic_id == 0xff) return;
    if (!madt.processors.add({apic_id, value_or_zero<std::uint8_t>(entry, 2), true})) ++madt.processors_left_out;
}

void read_wide_processor(Madt& madt, Bytes entry) {
    const auto flags = value_or_zero<std::uint32_t>(entry, 8);
    if (!(flags & 1)) return;
    const Processor processor{value_or_zero<std::uint32_t>(entry, 4), value_or_zero<std::uint32_t>(entry, 12), true};
    for (const auto& known : madt.processors)
        if (known.apic_id == processor.apic_id) return;
    if (!madt.processors.add(processor)) ++madt.processors_left_out;
}

void read_entry(Madt& madt, std::uint8_t type, Bytes entry) {
    switch (type) {
        case 0: read_processor(madt, entry); break;
        case 1:
            madt.io_apics.add({value_or_zero<std::uint8_t>(entry, 2), value_or_zero<std::uint32_t>(entry, 4),
                               value_or_zero<std::uint32_t>(entry, 8)});
            break;
        case 2: {
            const auto flags = value_or_zero<std::uint16_t>(entry, 8);
            madt.overrides.add({value_or_zero<std::uint8_t>(entry, 3), value_or_zero<std::uint32_t>(entry, 4),
                                polarity_of(flags), trigger_of(flags)});
            break;
        }
        case 4:
            madt.nmis.add({value_or_zero<std::uint8_t>(entry, 2), value_or_zero<std::uint8_t>(entry, 5),
                           polarity_of(value_or_zero<std::uint16_t>(entry, 3))});
            break;
        case 5: madt.local_apic = value_or_zero<std::uint64_t>(entry, 4); break;
        case 9: read_wide_processor(madt, entry); break;
        case 10:
            madt.nmis.add({value_or_zero<std::uint32_t>(entry, 4), value_or_zero<std::uint8_t>(entry, 8),
                           polarity_of(value_or_zero<std::uint16_t>(entry, 2))});
            break;
        default: break;
    }
}

}  // namespace

Madt madt(Bytes table) {
    Madt result;
    result.local_apic = value_or_zero<std::uint32_t>(table, 36);
    result.has_8259 = value_or_zero<std::uint32_t>(table, 40) & 1;
    for (std::size_t offset = 44; offset + 2 <= table.size();) {
        const auto type = value_or_zero<std::uint8_t>(table, offset);
        const auto length = value_or_zero<std::uint8_t>(table, offset + 1);
        if (length < 2 || length > table.size() - offset) break;
        read_entry(result, type, table.subspan(offset, length));
        offset += length;
    }
    return result;
}

namespace {

// An X_ field, where it is a port, replaces its 32-bit forerunner (5.2.9).
std::uint32_t port_of(Bytes table, std::size_t narrow, std::size_t wide) {
    const auto generic = value_at<GenericAddress>(table, wide);
    if (generic && generic->space == Space::port && generic->address != 0) return static_cast<std::uint32_t>(generic->address);
    return value_or_zero<std::uint32_t>(table, narrow);
}

constexpr std::uint32_t timer_is_32_bit = 1 << 8;       // Fixed Feature Flags
constexpr std::uint32_t reset_supported = 1 << 10;
constexpr std::uint32_t hardware_reduced_acpi = 1 << 20;

}  // namespace

Fadt fadt(Bytes table) {
    const auto flags = value_or_zero<std::uint32_t>(table, 112);
    Fadt result;
    result.sci = value_or_zero<std::uint16_t>(table, 46);
    result.pm1a_event = port_of(table, 56, 148);
    result.pm1b_event = port_of(table, 60, 160);
    result.pm1a_control = port_of(table, 64, 172);
    result.pm1b_control = port_of(table, 68, 184);
    result.pm_timer = value_or_zero<std::uint8_t>(table, 91) == 4 ? port_of(table, 76, 208) : 0;
    result.pm_timer_is_32_bit = flags & timer_is_32_bit;
    result.can_reset = (flags & reset_supported) && table.size() >= 129;
    result.reset = value_or_zero<GenericAddress>(table, 116);
    result.reset_value = value_or_zero<std::uint8_t>(table, 128);
    result.hardware_reduced = flags & hardware_reduced_acpi;
    result.century_register = value_or_zero<std::uint8_t>(table, 108);
    return result;
}

std::optional<std::uint64_t> hpet_address(Bytes table) {
    const auto base = value_at<GenericAddress>(table, 40);
    if (!base || base->space != Space::memory || base->address == 0) return {};
    return std::uint64_t{base->address};
}

Bounded<ConfigurationSpace, most_windows> configuration_spaces(Bytes table) {
    Bounded<ConfigurationSpace, 8> found;
    for (std::size_t offset = 44; auto space = value_at<ConfigurationSpace>(table, offset);
         offset += sizeof(ConfigurationSpace))
        if (!found.add(*space)) break;
    return found;
}

}  // namespace basalt::acpi
