// From a guest's linear address to its guest-physical one, through its own page tables as its processor would walk them,
// without a TLB: a walk sees what is in memory now. SDM 3A 4.3 to 4.5 and 4.8, APM 2 5.2 to 5.4.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <expected>
#include <optional>

#include "core/assert.hpp"
#include "core/result.hpp"
#include "linear/access.hpp"
#include "linear/mode.hpp"

namespace basalt::linear {

enum class Exchanged : std::uint8_t { yes, changed, nothing_there };

// What lies at guest-physical addresses. Entries are aligned to their width, and wide as it says; what is read is read at once.
// `exchange` writes `wanted` if `expected` is there, as one locked access.
template <typename Memory>
concept GuestMemory = requires(Memory& memory, std::uint64_t address, std::uint64_t expected, std::uint64_t wanted) {
    { memory.read(address, Width::eight_bytes) } -> std::same_as<std::optional<std::uint64_t>>;
    { memory.exchange(address, Width::eight_bytes, expected, wanted) } -> std::same_as<Exchanged>;
};

struct Place {
    std::uint64_t address = 0;   // guest-physical
    std::uint64_t bytes = 0;   // from there on to the page's end
    constexpr bool operator==(const Place&) const = default;
};

struct Refusal {
    enum class Why : std::uint8_t {
        page_fault,   // for the guest, with this error code; CR2 is the address
        not_canonical,   // for the guest: #GP, or #SS for its stack's
        nothing_there,   // a table lies where the guest has no memory
        changing,   // the tables changed under each of many walks: the guest's instruction is begun again
        five_levels,   // CR4.LA57: no guest is offered it
    };
    Why why = Why::page_fault;
    std::uint32_t error_code = 0;
    constexpr bool operator==(const Refusal&) const = default;
};

// Entries that led to a page, root first; PAE's root is not among them, for its entries grant nothing and are not marked.
struct Way {
    struct Step {
        std::uint64_t place = 0, entry = 0;
    };
    std::array<Step, 4> steps{};
    unsigned length = 0;
    unsigned level = 0;   // of the last one
    Rights rights;

    constexpr void add(std::uint64_t place, std::uint64_t entry) {
        steps[length++] = {place, entry};
        rights.narrow(entry);
    }
    constexpr std::uint64_t last() const { return steps[length - 1].entry; }
    constexpr bool is_marked(Access access) const {
        return rights.have(page_bit::accessed) && (access.kind != Access::Kind::write || (last() & page_bit::dirty));
    }
};

// What is missing or reserved ends the way before rights are looked at, wherever on it they are narrow.
template <GuestMemory Memory>
constexpr std::expected<Way, Refusal> descend(const Mode& mode, std::uint64_t linear, Access access, Memory& memory) {
    const Tables& tables = mode.tables();
    const std::uint64_t reserved = mode.reserved();
    const auto fault = [&](std::uint32_t why) {
        return std::unexpected(Refusal{Refusal::Why::page_fault, error_code(mode, access, why)});
    };
    Way way;
    std::uint64_t table = mode.cr3 & tables.root;
    for (way.level = tables.levels;; --way.level) {
        ASSERT(way.level > 0);
        const std::uint64_t place = tables.place(table, way.level, linear);
        const std::optional<std::uint64_t> entry = memory.read(place, tables.entry);
        if (!entry) return std::unexpected(Refusal{Refusal::Why::nothing_there});
        if (!(*entry & page_bit::present)) return fault(0);
        if (*entry & mode.reserved(way.level, *entry, reserved)) return fault(fault_bit::present | fault_bit::reserved);
        if (tables.levels != 3 || way.level != 3) way.add(place, *entry);
        if (mode.maps_page(way.level, *entry)) break;
        table = *entry & page_bit::frame;
    }
    if (!way.rights.allow(mode, access)) return fault(fault_bit::present);
    return way;
}

// Accessed in each entry, dirty in the one that maps the page: before the access is made, as on a processor.
template <GuestMemory Memory>
constexpr Exchanged mark(const Way& way, Access access, Width width, Memory& memory) {
    if (way.is_marked(access)) return Exchanged::yes;   // nearly always
    for (unsigned index = 0; index < way.length; ++index) {
        const auto [place, entry] = way.steps[index];
        const bool written = access.kind == Access::Kind::write && index + 1 == way.length;
        const std::uint64_t wanted = entry | page_bit::accessed | (written ? page_bit::dirty : 0);
        if (wanted == entry) continue;
        const Exchanged exchanged = memory.exchange(place, width, entry, wanted);
        if (exchanged != Exchanged::yes) return exchanged;
    }
    return Exchanged::yes;
}

// Tables that lead to themselves change by the walk's own marks, once for each level; all else is another vcpu's doing.
inline constexpr unsigned most_walks = 16;

// Where the access goes, for as many bytes as the page has from there; who goes on asks again, with the next page's address.
// Marks are set only where the access may be made. The Refusal says what becomes of it otherwise; Refusal::Why has the cases.
// In modes without 64-bit addresses the upper half is not looked at. PAE's four root entries are read from memory, as AMD's
// processors do under nested paging (APM 2 15.25.10), and Intel's only when CR3 is loaded.
template <GuestMemory Memory>
constexpr std::expected<Place, Refusal> walk(const Mode& mode, std::uint64_t linear, Access access, Memory& memory) {
    const Tables& tables = mode.tables();
    if (tables.levels == 5) return std::unexpected(Refusal{Refusal::Why::five_levels});
    if (tables.levels < 4) linear &= 0xffff'ffff;
    if (!is_canonical(linear)) return std::unexpected(Refusal{Refusal::Why::not_canonical});
    if (tables.levels == 0) return Place{linear, (std::uint64_t{1} << 32) - linear};

    for (unsigned walked = 0; walked < most_walks; ++walked) {
        const Way way = TRY(descend(mode, linear, access, memory));
        const Exchanged marked = mark(way, access, tables.entry, memory);
        if (marked == Exchanged::changed) continue;
        if (marked == Exchanged::nothing_there) return std::unexpected(Refusal{Refusal::Why::nothing_there});
        const std::uint64_t size = std::uint64_t{1} << tables.shift(way.level);
        const std::uint64_t offset = linear & (size - 1);
        return Place{mode.page(way.level, way.last()) | offset, size - offset};
    }
    return std::unexpected(Refusal{Refusal::Why::changing});
}

}   // namespace basalt::linear
