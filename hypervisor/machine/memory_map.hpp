// The machine's memory as the firmware lists it, in the words of E820 (ACPI 6.4, table 15.2).
#pragma once

#include <cstdint>
#include <span>

namespace basalt {

enum class MemoryKind : std::uint32_t {
    usable = 1,
    reserved = 2,
    acpi_tables = 3,
    acpi_storage = 4,
    unusable = 5,
    disabled = 6,
    persistent = 7,
};

struct MemoryRegion {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    MemoryKind kind = MemoryKind::reserved;

    constexpr std::uint64_t end() const { return start + size; }
    constexpr bool usable() const { return kind == MemoryKind::usable; }
};

// Sorted by start, without overlaps.
using MemoryMap = std::span<const MemoryRegion>;

struct PhysicalRange {
    std::uint64_t start = 0;
    std::uint64_t end = 0;

    constexpr bool holds(std::uint64_t address) const { return start <= address && address < end; }
    constexpr bool meets(PhysicalRange other) const { return start < other.end && other.start < end; }
    constexpr bool empty() const { return start >= end; }
};

}  // namespace basalt
