// Every interrupt command, sent by one of eight APICs in all kinds of states: who receives it is what the manuals say.
#include <gtest/gtest.h>

#include <vector>

#include "apic/guest.hpp"
#include "apic/reference.hpp"

namespace basalt::apic {
namespace {

using namespace guest;
using reference::Event, reference::Received, reference::Sent;

constexpr std::array<std::uint32_t, reference::apics> vcpus{0, 1, 2, 7, 8, 9, 20, 63};
using Apics = std::vector<LocalApic>;

Apics eight(LocalApic (*made)(std::uint32_t)) {
    Apics apics;
    for (const auto vcpu : vcpus) apics.push_back(made(vcpu));
    for (unsigned index = 0; index < apics.size(); ++index)
        apics[index].set_task_priority(static_cast<std::uint8_t>(index * 7 % 4 * 0x10));
    return apics;
}

Apics flat() {
    auto apics = eight(xapic);
    for (unsigned index = 0; index < apics.size(); ++index)
        write(apics[index], Register::logical_destination, 1u << (24 + index));
    return apics;
}
Apics clusters() {
    auto apics = flat();
    for (unsigned index = 0; index < apics.size(); ++index) {
        write(apics[index], Register::destination_format, 0);
        write(apics[index], Register::logical_destination, (index / 3 << 4 | 1u << index % 4) << 24);
    }
    return apics;
}
Apics x2apics() { return eight(x2apic); }
// As while others are started: one has been, one is off, one is not enabled, and formats differ.
Apics mixed(bool sender_is_x2apic) {
    auto apics = sender_is_x2apic ? x2apics() : flat();
    apics[1] = LocalApic(VcpuId(vcpus[1]));
    apics[2] = sender_is_x2apic ? flat()[2] : x2apic(vcpus[2]);
    static_cast<void>(apics[4].set_base(0));
    write(apics[5], Register::spurious, 0xff);
    apics[6] = clusters()[6];
    apics[7] = flat()[7];
    write(apics[7], Register::destination_format, 0x5000'0000);
    return apics;
}

reference::Machine told(const Apics& apics) {
    reference::Machine machine;
    for (unsigned index = 0; index < apics.size(); ++index) {
        const State& state = apics[index].state();
        machine[index] = {vcpus[index] * 2, state.is_extended(), state.is_on(),      state.is_software_enabled(),
                          state.logical,    state.format,        state.task_priority};
    }
    return machine;
}

// What room guests does with an effect.
void carry_out(Apics& apics, const Sent& sent, const Effect& effect, Received& received) {
    if (effect == Effect()) return;
    ASSERT_EQ(effect.kind, Effect::Kind::send);
    const Command& command = effect.command;
    if (command.mode == Command::Mode::lowest_priority) {
        const auto which = lowest_priority(command.to, sent.sender, reference::apics, sent.last_arbitrated,
                                           [&](unsigned index) { return &apics[index]; });
        if (which) EXPECT_TRUE(apics[*which].accept(command.vector, Trigger::edge));
        return;
    }
    for (unsigned index = 0; index < apics.size(); ++index) {
        if (!is_addressed(apics[index].address(), command.to, index == sent.sender)) continue;
        switch (command.mode) {
            case Command::Mode::fixed: apics[index].accept(command.vector, Trigger::edge); break;
            case Command::Mode::nmi: received.by[index] = {Event::nmi, 0}; break;
            case Command::Mode::init: received.by[index] = {Event::init, 0}; break;
            case Command::Mode::start_up: received.by[index] = {Event::start_up, command.vector}; break;
            case Command::Mode::lowest_priority: break;
        }
    }
}

Received sent_by(const Apics& before, const Sent& sent) {
    auto apics = before;
    auto& sender = apics[sent.sender];
    Received received;
    if (sender.is_extended()) {
        const auto effect = sender.write_msr(0x830, std::uint64_t{sent.destination} << 32 | sent.low, start);
        EXPECT_TRUE(effect);
        carry_out(apics, sent, *effect, received);
    } else {
        EXPECT_EQ(sender.write(0x310, sent.destination << 24, start), Effect());
        carry_out(apics, sent, sender.write(0x300, sent.low, start), received);
    }
    received.sender_errs = sender.state().errors == errors::sent_illegal_vector;
    for (unsigned index = 0; index < apics.size(); ++index) {
        EXPECT_TRUE(is_sound(apics[index]));
        if (const auto vector = apics[index].state().requested.highest()) received.by[index] = {Event::interrupt, *vector};
        EXPECT_TRUE(apics[index].state().level_triggered.empty());
    }
    return received;
}

void send_all(const Apics& apics, unsigned sender, const std::vector<std::uint32_t>& destinations) {
    const auto machine = told(apics);
    unsigned count = 0;
    const auto send = [&](std::uint32_t low) {
        if (testing::Test::HasFatalFailure()) return;
        for (const auto destination : destinations) {
            if ((low >> 18 & 3) != 0 && destination % 15 != 0) continue;    // it means nothing then
            const Sent sent{sender, low, destination, count++ % reference::apics};
            ASSERT_EQ(sent_by(apics, sent), reference::received(machine, sent))
                << std::hex << low << " to " << destination << " by " << sender;
        }
    };
    for (std::uint32_t mode = 0; mode < 8; ++mode)
        for (std::uint32_t shorthand = 0; shorthand < 4; ++shorthand)
            for (const std::uint32_t logical : {0u, 1u})
                for (const std::uint32_t vector : {0x00u, 0x0fu, 0x10u, 0xfeu})
                    for (std::uint32_t trigger = 0; trigger < 4; ++trigger) {    // assert, level
                        if (mode != 5 && trigger != (vector + mode) % 4) continue;    // INIT alone makes something of both
                        send(vector | mode << 8 | logical << 11 | trigger << 14 | shorthand << 18);
                    }
}

std::vector<std::uint32_t> narrow_destinations() {
    std::vector<std::uint32_t> all;
    for (std::uint32_t destination = 0; destination < 256; ++destination) all.push_back(destination);
    return all;
}
std::vector<std::uint32_t> wide_destinations() {
    std::vector<std::uint32_t> some{0xff, 0xffff'ffff, 0xffff'0000, 0xffff, 0x100, 0xfffe'ffff};
    for (const auto vcpu : vcpus)
        some.insert(some.end(), {vcpu * 2, vcpu * 2 + 1, vcpu * 2 | 0x100, extended_logical_id(vcpu * 2)});
    for (std::uint32_t cluster = 0; cluster < 9; ++cluster)
        for (const std::uint32_t members : {0x1u, 0x4u, 0x5u, 0x4000u, 0xc000u, 0xffffu})
            some.push_back(cluster << 16 | members);
    return some;
}

TEST(commands, of_xapics_in_the_flat_model) { send_all(flat(), 2, narrow_destinations()); }
TEST(commands, of_xapics_in_the_cluster_model) { send_all(clusters(), 5, narrow_destinations()); }
TEST(commands, of_x2apics) { send_all(x2apics(), 3, wide_destinations()); }
TEST(commands, of_an_xapic_among_all_kinds) { send_all(mixed(false), 0, narrow_destinations()); }
TEST(commands, of_an_x2apic_among_all_kinds) { send_all(mixed(true), 0, wide_destinations()); }

TEST(commands, start_another_vcpu_as_linux_does) {
    auto apic = x2apic();
    const auto others_init = apic.write_msr(0x830, 2ull << 32 | 0xc500, start);
    EXPECT_EQ(*others_init, Effect(Command{Command::Mode::init, 0, {Shorthand::none, false, true, 2}}));
    EXPECT_EQ(*apic.write_msr(0x830, 2ull << 32 | 0x8500, start), Effect()) << "de-assert";
    const auto begin = apic.write_msr(0x830, 2ull << 32 | 0x0698, start);
    EXPECT_EQ(*begin, Effect(Command{Command::Mode::start_up, 0x98, {Shorthand::none, false, true, 2}}));
    EXPECT_TRUE(is_addressed(LocalApic(VcpuId(1)).address(), begin->command.to, false)) << "an xAPIC, as after reset";
    EXPECT_EQ(*apic.read_msr(0x830, start), 2ull << 32 | 0x0698);
}

TEST(commands, interrupt_oneself_without_anybody_else) {
    auto apic = x2apic();
    EXPECT_EQ(*apic.write_msr(0x83f, 0xf6, start), Effect());
    EXPECT_EQ(apic.pending(), 0xf6);
    EXPECT_EQ(*apic.read_msr(0x830, start), 0u);
    EXPECT_EQ(*apic.write_msr(0x83f, 0x0f, start), Effect());
    EXPECT_EQ(apic.state().errors, errors::sent_illegal_vector);
}

TEST(commands, messages_of_devices_are_for_whom_their_eight_bits_say) {
    const auto apics = flat();
    for (unsigned index = 0; index < apics.size(); ++index) {
        const Address address = apics[index].address();
        EXPECT_TRUE(is_addressed(address, message_destination(static_cast<std::uint8_t>(vcpus[index] * 2), false), false));
        EXPECT_FALSE(is_addressed(address, message_destination(static_cast<std::uint8_t>(vcpus[index] * 2 + 1), false), false));
        EXPECT_EQ(is_addressed(address, message_destination(0x81, true), false), index == 0 || index == 7);
        EXPECT_TRUE(is_addressed(address, message_destination(0xff, false), false));
    }
}

TEST(commands, the_lowest_priority_goes_round_among_equals_and_past_gaps) {
    auto apics = eight(xapic);
    for (auto& apic : apics) apic.set_task_priority(0x20);
    const auto everybody = message_destination(0xff, false);
    unsigned last = 6;
    std::vector<unsigned> chosen;
    for (int round = 0; round < 8; ++round) {
        last = *lowest_priority(everybody, std::nullopt, 8, last,
                                [&](unsigned index) { return index == 1 ? nullptr : &apics[index]; });
        chosen.push_back(last);
    }
    EXPECT_EQ(chosen, (std::vector<unsigned>{7, 0, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(
        lowest_priority(message_destination(0x55, false), std::nullopt, 8, 0, [&](unsigned index) { return &apics[index]; }),
        std::nullopt);
    const auto in_service = [&](unsigned index) { return &apics[index]; };
    for (auto& apic : apics) {
        apic.accept(0x90, Trigger::edge);
        apic.deliver(0x90);
    }
    apics[3].end();
    EXPECT_EQ(lowest_priority(everybody, std::nullopt, 8, 3, in_service), 3u) << "what is in service counts";
}

}  // namespace
}  // namespace basalt::apic
