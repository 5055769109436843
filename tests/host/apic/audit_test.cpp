// What the audit says of states that no guest can bring about.
#include "apic/audit.hpp"

#include <gtest/gtest.h>

#include "apic/guest.hpp"

namespace basalt::apic {
namespace {

using namespace guest;

std::string_view found(LocalApic apic, void (*broken)(State&)) {
    State state = apic.state();
    EXPECT_FALSE(wrong_with(DomainId(5), state));
    broken(state);
    const auto finding = wrong_with(DomainId(5), state);
    if (!finding) return "nothing";
    EXPECT_EQ(finding->domain, DomainId(5));
    EXPECT_EQ(finding->kind, "local APIC");
    EXPECT_EQ(finding->number, 2u);
    EXPECT_NE(finding->found, finding->expected);
    return finding->what;
}

TEST(audit, finds_interrupts_that_cannot_be) {
    EXPECT_EQ(found(xapic(2), [](State& state) { state.requested.add(15); }), "vector of an exception");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.in_service.add(2); }), "vector of an exception");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.level_triggered.add(0); }), "vector of an exception");
    const auto two = [](State& state) {
        state.in_service.add(0x9f);
        state.in_service.add(0x90);
    };
    EXPECT_EQ(found(xapic(2), two), "two in service of one class");
    EXPECT_EQ(found(xapic(2),
                    [](State& state) {
                        state.in_service.add(0x8f);
                        state.in_service.add(0x90);
                    }),
              "nothing");
}

TEST(audit, finds_registers_that_cannot_be) {
    EXPECT_EQ(found(xapic(2), [](State& state) { state.base |= 1u << 9; }), "base");
    EXPECT_EQ(found(LocalApic(VcpuId(2)), [](State& state) { state.base = base::extended; }), "base of an x2APIC that is off");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.entries[3] |= entry::pending; }), "local entry");
    EXPECT_EQ(found(LocalApic(VcpuId(2)), [](State& state) { state.entries[5] = 0xfe; }), "local entry that is not masked");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.logical = 1; }), "logical id");
    EXPECT_EQ(found(x2apic(2), [](State& state) { state.logical = 8; }), "logical id of an x2APIC");
    EXPECT_EQ(found(x2apic(2), [](State& state) { state.logical = 4; }), "nothing") << "of older Xen";
    EXPECT_EQ(found(xapic(2), [](State& state) { state.format = 0; }), "destination format");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.command_low = 1u << 12; }), "command");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.command_high = 1; }), "command's destination");
    EXPECT_EQ(found(x2apic(2), [](State& state) { state.command_high = 1; }), "nothing");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.spurious |= 1u << 12; }), "spurious vector");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.errors = 1; }), "errors");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.errors_shown = 1; }), "errors that were told");
}

TEST(audit, finds_timers_that_contradict_their_mode) {
    EXPECT_EQ(found(xapic(2), [](State& state) { state.timer.divide = 4; }), "divide configuration");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.timer.zero = Time(5); }), "count that goes on from nothing");
    EXPECT_EQ(found(xapic(2), [](State& state) { state.timer.tsc_deadline = Tsc(5); }), "TSC deadline in another mode");
    EXPECT_EQ(found(xapic(2),
                    [](State& state) {
                        state.timer.initial_count = 5;
                        state.timer.mode = TimerMode::tsc_deadline;
                    }),
              "initial count in a mode without");
}

TEST(audit, finds_what_is_left_in_one_that_is_off) {
    auto apic = xapic(2);
    EXPECT_TRUE(apic.set_base(0));
    EXPECT_EQ(found(apic, [](State& state) { state.requested.add(0x50); }), "state of one that is off");
}

}  // namespace
}  // namespace basalt::apic
