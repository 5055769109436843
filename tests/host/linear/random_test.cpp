// Walks through tables of any contents, in every mode, against a second telling of the manual: what they answer, and what they
// leave in memory.
#include <gtest/gtest.h>

#include <random>

#include "linear/reference.hpp"

namespace basalt::linear {
namespace {

class World {
public:
    explicit World(unsigned seed) : random_(seed) {
        for (const std::uint64_t frame : frames) memory.add(frame);
        mode.cr0 = (below(16) ? pe_and_pg : 1) | (below(2) ? wp : 0);
        mode.cr4 = some(pse) | some(pae) | some(smep) | some(smap) | (below(16) ? 0 : la57);
        mode.efer = some(nxe);
        if (below(2)) mode.efer |= lme_and_lma, mode.cr4 |= pae;
        mode.physical_bits = static_cast<std::uint8_t>(32 + below(21));
        mode.gigabyte_pages = below(2) != 0;
        mode.cr3 = frames[0] << 12 | below(4096);
        fill();
    }

    void step() {
        const std::uint64_t address = below(8) ? any_address() : (frames[below(8)] << 12 | below(4096));
        const Access access{static_cast<Access::Kind>(below(3)), below(2) != 0, below(2) != 0};
        Memory copy = memory;
        const auto expected = reference::walk(mode, address, access, copy);
        const auto found = walk(mode, address, access, memory);
        ASSERT_EQ(found.has_value(), expected.has_value()) << std::hex << address;
        if (found) {
            ASSERT_EQ(found->address, expected->address) << std::hex << address;
            ASSERT_EQ(found->bytes, expected->bytes) << std::hex << address;
            ++gone;
        } else {
            ASSERT_EQ(found.error().why, expected.error().why) << std::hex << address;
            ASSERT_EQ(found.error().error_code, expected.error().error_code) << std::hex << address;
            ++(found.error().why == Refusal::Why::page_fault ? faults[found.error().error_code & 9] : refused);
        }
        ASSERT_TRUE(memory == copy) << std::hex << address;
    }

    unsigned gone = 0, refused = 0;
    std::map<unsigned, unsigned> faults;

private:
    static constexpr std::uint64_t frames[] = {1, 2, 3, 4, 0x80000, 0xfffff, 0x123, 0x77777};

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    std::uint64_t some(std::uint64_t bits) { return below(2) ? bits : 0; }
    std::uint64_t any_address() {
        const std::uint64_t address = random_();
        return below(8) ? static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 16) >> 16) : address;
    }
    std::uint64_t any_entry(bool wide) {
        std::uint64_t entry = (below(64) ? frames[below(8)] : random_() & 0xfffff) << 12 | (random_() & 0x1ff);
        if (below(16)) entry |= p;
        if (below(4)) entry |= w;
        if (below(4)) entry |= u;
        if (below(4)) entry &= ~large;
        if (!wide) return entry & 0xffff'ffff;
        if (below(8) == 0) entry |= nx;
        if (below(32) == 0) entry ^= std::uint64_t{1} << below(64);
        return entry;
    }
    // PAE's root has other flags than all else: it is one of the tables everywhere, so its few entries are made good mostly.
    void fill() {
        const bool wide = (mode.cr4 & pae) != 0;
        for (const std::uint64_t frame : frames)
            for (unsigned at = 0; at < 4096; at += wide ? 8 : 4)
                memory.put(frame << 12 | at, any_entry(wide), wide ? Width::eight_bytes : Width::four_bytes);
        if (mode.efer & lme_and_lma || !wide) return;
        for (unsigned index = 0; index < 4; ++index)
            if (below(8)) memory.put((mode.cr3 & 0xffff'ffe0) + index * 8, frames[below(8)] << 12 | p, Width::eight_bytes);
    }

    std::mt19937_64 random_;

public:
    Memory memory;
    Mode mode;
};

TEST(Walk, AgreesWithTheManualOnAnyTables) {
    unsigned gone = 0, refused = 0;
    std::map<unsigned, unsigned> faults;
    for (unsigned seed = 0; seed < 600; ++seed) {
        World world(seed);
        for (int step = 0; step < 100; ++step) {
            world.step();
            ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << " step " << step;
        }
        gone += world.gone;
        refused += world.refused;
        for (const auto& [code, count] : world.faults) faults[code] += count;
    }
    EXPECT_GT(gone, 10000u);
    EXPECT_GT(refused, 1000u);
    EXPECT_GT(faults[0], 1000u) << "nothing present";
    EXPECT_GT(faults[1], 3000u) << "no right";
    EXPECT_GT(faults[9], 1000u) << "reserved bits";
    RecordProperty("gone", static_cast<int>(gone));
}

}   // namespace
}   // namespace basalt::linear
