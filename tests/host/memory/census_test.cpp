#include <gtest/gtest.h>

#include "fakes/memory.hpp"
#include "memory/census.hpp"

namespace basalt {
namespace {

struct census : testing::Test {
    census() { mfn = *allocate_for(domain, {.order = 3, .from_reserve = true}); }
    std::string told() {
        std::vector<std::uint32_t> charged(Census::owners);
        Census census{std::span<std::uint32_t, Census::owners>(charged)};
        census.count();
        if (const auto wrong = census.first_finding()) return std::string(wrong->what);
        if (const auto wrong = census.first_finding(domain))
            return "d" + std::to_string(wrong->domain.raw) + " " + std::string(wrong->what);
        return "";
    }
    fakes::Memory memory{1024};
    DomainMemory& domain = memory.add_domain(4, 100);
    Mfn mfn;
};

TEST_F(census, counts_and_accounts_agree) {
    EXPECT_EQ(told(), "");
    ASSERT_TRUE(release_frame(domain, mfn));
    EXPECT_EQ(told(), "");
}

TEST_F(census, an_account_that_differs_is_found) {
    domain.remove(1);
    EXPECT_EQ(told(), "d4 number of frames");
    ASSERT_TRUE(domain.add(1));
    frame(mfn).keep();    // taken from it without a word
    EXPECT_EQ(told(), "d4 number of frames");
}

TEST_F(census, a_free_frame_that_the_allocator_does_not_know_is_found) {
    frame(mfn).take_back();
    domain.remove(1);
    EXPECT_EQ(told(), "number of free frames");
}

TEST_F(census, frames_of_a_domain_that_is_gone_are_found) {
    memory.domains.erase(4);
    std::vector<std::uint32_t> charged(Census::owners);
    Census census{std::span<std::uint32_t, Census::owners>(charged)};
    census.count();
    EXPECT_EQ(census.first_finding()->what, "frames of a domain that is not there");
    EXPECT_EQ(census.first_finding()->domain, DomainId(4));
}

}  // namespace
}  // namespace basalt
