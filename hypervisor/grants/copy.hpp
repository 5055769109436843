// GNTTABOP_copy, one request: bytes of a granted page, or of one's own, to another.
#pragma once

#include "grants/use.hpp"

namespace basalt::grants {

// One side: a grant of some domain, or a page that the caller owns.
struct CopySide {
    GrantTable* granter = nullptr;   // null: own page
    GrantRef reference{};
    Mfn own{};
    std::uint16_t offset = 0;
};

Status copy(DomainId caller, const CopySide& from, const CopySide& to, std::uint16_t length);

}  // namespace basalt::grants
