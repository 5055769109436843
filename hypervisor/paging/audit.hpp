// Every frame's counts, derived again from first principles and compared with its record.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "memory/frame.hpp"

namespace basalt::paging {

// What some frame ought to have.
struct Expected {
    std::uint32_t references = 0;
    std::uint32_t users = 0;
};

struct Disagreement {
    Mfn mfn;
    FrameWord found;
    DomainId owner;
    Expected expected;
};

// Start with zeroes, one per frame; let every room add what it holds (roots, descriptor tables, grants,
// shared pages), then count what records and tables say themselves, then compare. The machine stands still
// meanwhile.
class Audit {
public:
    explicit Audit(std::span<Expected> frames) : expected_(frames) {}
    void add(Mfn mfn, std::uint32_t references, std::uint32_t users);
    void count_tables_and_holds();
    std::optional<Disagreement> first_disagreement() const;

private:
    void count_entries(Mfn table, unsigned level, unsigned count);
    std::span<Expected> expected_;
};

}    // namespace basalt::paging
