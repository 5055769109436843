// Every frame's references, users and use, derived again from first principles and compared with its record.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/finding.hpp"
#include "memory/frame.hpp"
#include "formats/page_entry.hpp"

namespace basalt::paging {

// What some frame ought to have.
struct Expected {
    std::uint32_t references = 0;
    std::uint32_t users : 24 = 0;
    std::uint32_t use : 7 = 0;    // Use, or two of them
    std::uint32_t is_free : 1 = 0;
    // Mappings of grants that lend the frame, less the entries that name it by one. All mappings are counted before the
    // first entry; where they are `too_many` nothing more is counted, and nothing found.
    static constexpr std::int16_t too_many = 0x7fff;
    std::int16_t lent_to_read = 0;
    std::int16_t lent_to_write = 0;
};
static_assert(sizeof(Expected) == 12);    // for each frame of the machine, and in one piece

// Start with zeroes, one per frame; let every room add what it holds (roots, descriptor tables, grants,
// shared pages), then count what records and tables say themselves, then compare. The machine stands still
// meanwhile, and no table waits to be undone.
class Audit {
public:
    explicit Audit(std::span<Expected> frames) : expected_(frames) {}

    void add_reference(Mfn mfn);
    void add_use(Mfn mfn, Use use);    // with its reference
    void add_lent(Mfn mfn, bool writable);    // what an entry may name by a grant

    void count_free_blocks();
    void count_tables_and_holds();
    std::optional<Finding> first_finding() const;

private:
    void add_free_block(Mfn first, unsigned order);
    void count_entries(Mfn table, PageLevel level, unsigned count, DomainId owner);
    void count_entry(Mfn table, PageLevel level, PageEntry entry, DomainId owner);
    void count_borrowed(Mfn table, PageEntry entry, DomainId owner);
    void compare_own_slots(Mfn root, DomainId owner);
    void find(Mfn mfn, std::string_view what, std::uint64_t found, std::uint64_t expected);
    std::optional<Finding> wrong_with(Mfn mfn) const;

    std::span<Expected> expected_;
    std::optional<Finding> in_tables_;    // the first
};

// Seam, supplied by domain/: why a domain's table may name a frame of somebody else's.
enum class Lending : std::uint8_t {
    none,
    by_grant,     // it has mapped a grant of the frame, with this right
    by_privilege  // it may name any, or its tables are taken apart: its entries are not counted
};
Lending lending(DomainId to, Mfn mfn, bool writable);

}    // namespace basalt::paging
