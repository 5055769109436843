// What the allocator's counts and the domains' accounts ought to say, counted again from the frames' records.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/finding.hpp"
#include "memory/allocator.hpp"

namespace basalt {

class Census {
public:
    static constexpr std::size_t owners = 0x1'0000;    // as many as there are numbers

    // One zeroed count for each owner. The machine stands still meanwhile.
    explicit Census(std::span<std::uint32_t, owners> charged) : charged_(charged) {}

    void count();
    std::uint32_t charged_to(DomainId owner) const { return charged_[owner.raw]; }
    // Of the allocator's counts, and of owners that do not exist.
    std::optional<Finding> first_finding() const;
    // Of one domain's account.
    std::optional<Finding> first_finding(const DomainMemory& account) const;

private:
    std::span<std::uint32_t, owners> charged_;
    FreeCounts counted_;
};

}    // namespace basalt
