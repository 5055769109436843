// Whether an access may be made through the entries that led to the page, and how the processor says that it may not. SDM 3A
// 4.6 and 4.7, APM 2 5.6. Protection keys and shadow stacks are not looked at: no guest is offered them.
#pragma once

#include <cstdint>

#include "linear/mode.hpp"

namespace basalt::linear {

struct Access {
    enum class Kind : std::uint8_t { read, write, fetch };

    Kind kind = Kind::read;
    bool by_user = false;   // CPL 3, and not one that the processor makes for itself, as of a descriptor
    // A supervisor's data access to a user's page is let through CR4.SMAP: RFLAGS.AC is set. Hypercalls say so always.
    bool past_smap = false;
};

// The page fault's error code.
namespace fault_bit {
inline constexpr std::uint32_t present = 1 << 0;
inline constexpr std::uint32_t write = 1 << 1;
inline constexpr std::uint32_t user = 1 << 2;
inline constexpr std::uint32_t reserved = 1 << 3;
inline constexpr std::uint32_t fetch = 1 << 4;
}   // namespace fault_bit

// `why` is nothing, present, or present and reserved. That it was a fetch is told only where fetches may be forbidden.
constexpr std::uint32_t error_code(const Mode& mode, Access access, std::uint32_t why) {
    if (access.kind == Access::Kind::write) why |= fault_bit::write;
    if (access.by_user) why |= fault_bit::user;
    const bool fetch_is_told = mode.knows_no_execute() || (mode.cr4 & cr4::smep) != 0;
    if (access.kind == Access::Kind::fetch && fetch_is_told) why |= fault_bit::fetch;
    return why;
}

// What all entries on the way grant together.
struct Rights {
    std::uint64_t all = ~std::uint64_t{0};   // bits that every entry has; that of no-execute, if none has it

    constexpr void narrow(std::uint64_t entry) { all &= entry ^ page_bit::no_execute; }
    constexpr bool have(std::uint64_t bit) const { return (all & bit) != 0; }
    constexpr bool allow(const Mode& mode, Access access) const {
        const bool user = have(page_bit::user);
        if (access.by_user && !user) return false;
        const bool fetch = access.kind == Access::Kind::fetch;
        if (fetch && !have(page_bit::no_execute)) return false;
        if (!access.by_user && user) {
            if (fetch && (mode.cr4 & cr4::smep)) return false;
            if (!fetch && (mode.cr4 & cr4::smap) && !access.past_smap) return false;
        }
        if (access.kind != Access::Kind::write || have(page_bit::writable)) return true;
        return !access.by_user && !(mode.cr0 & cr0::write_protect);
    }
};

}   // namespace basalt::linear
