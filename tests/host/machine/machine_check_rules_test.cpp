// Who ends with a machine check: the guest, the machine, or nobody.
#include "machine/machine_check_rules.hpp"

#include <gtest/gtest.h>

#include <array>

namespace basalt {
namespace {

constexpr std::uint64_t bit(unsigned number) { return std::uint64_t{1} << number; }
constexpr std::uint64_t valid = bit(63), another_lost = bit(62), uncorrected = bit(61), corrupt = bit(57), action = bit(55);

constexpr Interruption guest{.of_guest = true};
constexpr Interruption basalt_itself{.of_guest = false};

Consequence of(std::uint64_t status, const Interruption& interruption) {
    const std::array banks{BankStatus{0}, BankStatus{status}};
    return consequence(banks, interruption);
}

TEST(MachineCheck, CorrectedErrorsEndNobody) {
    EXPECT_EQ(of(valid, guest), Consequence::none);
    EXPECT_EQ(of(valid | corrupt | action, basalt_itself), Consequence::none);   // these bits are about uncorrected ones
}

TEST(MachineCheck, WhatIsNotValidSaysNothing) {
    EXPECT_EQ(of(uncorrected | corrupt | action, basalt_itself), Consequence::none);
}

TEST(MachineCheck, ACorruptContextEndsTheMachineWhoeverRan) {
    EXPECT_EQ(of(valid | uncorrected | corrupt, guest), Consequence::ends_machine);
    EXPECT_EQ(of(valid | uncorrected | corrupt, basalt_itself), Consequence::ends_machine);
}

TEST(MachineCheck, WhatNobodyHasToActOnEndsNobody) {
    EXPECT_EQ(of(valid | uncorrected, guest), Consequence::none);
    EXPECT_EQ(of(valid | uncorrected, basalt_itself), Consequence::none);
}

TEST(MachineCheck, AnErrorInWhatAGuestUsedEndsThatGuest) {
    EXPECT_EQ(of(valid | uncorrected | action, guest), Consequence::ends_guest);
    EXPECT_EQ(of(valid | uncorrected | action, basalt_itself), Consequence::ends_machine);
}

TEST(MachineCheck, WhereAnotherErrorWasLostItMayHaveBeenAnybodys) {
    EXPECT_EQ(of(valid | uncorrected | action | another_lost, guest), Consequence::ends_machine);
}

TEST(MachineCheck, AProcessorThatDoesNotKnowWhomEndsTheMachine) {
    EXPECT_EQ(of(valid | uncorrected, {.of_guest = true, .knows_whom = false}), Consequence::ends_machine);
    EXPECT_EQ(of(valid, {.of_guest = true, .knows_whom = false}), Consequence::none);
}

TEST(MachineCheck, WhatCannotGoOnIsTheGuestOnlyIfTheErrorIsAboutIt) {
    EXPECT_EQ(of(0, {.may_go_on = false, .is_about_it = true, .of_guest = true}), Consequence::ends_guest);
    EXPECT_EQ(of(0, {.may_go_on = false, .is_about_it = false, .of_guest = true}), Consequence::ends_machine);
    EXPECT_EQ(of(0, {.may_go_on = false, .is_about_it = true, .of_guest = false}), Consequence::ends_machine);
}

TEST(MachineCheck, TheWorstBankDecides) {
    const std::array banks{BankStatus{valid | uncorrected | corrupt}, BankStatus{valid},
                           BankStatus{valid | uncorrected | action}};
    EXPECT_EQ(consequence(banks, guest), Consequence::ends_machine);
    EXPECT_EQ(consequence(std::span(banks).subspan(1), guest), Consequence::ends_guest);
}

}  // namespace
}  // namespace basalt
