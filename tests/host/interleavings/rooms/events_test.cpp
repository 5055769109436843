// Events are sent while their ports are made, joined, closed, masked, moved and waited for.
#include "events_world.hpp"

namespace basalt::interleaved::signalling {
namespace {

using Some = Acts<World>;

const Act<World> send{"send", [](World& world, unsigned) { static_cast<void>(world.one().channels.send(joined)); }};
const Act<World> send_back{"send_back", [](World& world, unsigned) { static_cast<void>(world.two().channels.send(joined)); }};
const Act<World> close_one{"close_one", [](World& world, unsigned) { static_cast<void>(world.one().channels.close(joined)); }};
const Act<World> close_two{"close_two", [](World& world, unsigned) { static_cast<void>(world.two().channels.close(joined)); }};
const Act<World> close_waiting{"close_waiting",
                               [](World& world, unsigned) { static_cast<void>(world.one().channels.close(waiting)); }};
const Act<World> bind_one{"bind_one", [](World& world, unsigned) {
                              static_cast<void>(world.one().channels.bind_interdomain(world.two().channels, waiting));
                          }};
const Act<World> bind_two{"bind_two", [](World& world, unsigned) {
                              static_cast<void>(world.two().channels.bind_interdomain(world.one().channels, waiting));
                          }};
const Act<World> bind_again{"bind_again", [](World& world, unsigned) {
                                static_cast<void>(world.two().channels.bind_interdomain(world.one().channels, joined));
                            }};
const Act<World> reset_one{"reset_one", [](World& world, unsigned) {
                               while (world.one().channels.reset().again() != nullptr) {}
                           }};
const Act<World> move{"move",
                      [](World& world, unsigned) { static_cast<void>(world.two().channels.bind_vcpu(joined, VcpuId(1))); }};
const Act<World> mask{
    "mask", [](World& world, unsigned) { std::atomic_ref(world.two().shared.evtchn_mask[0]).fetch_or(1u << joined.raw); }};
const Act<World> unmask{"unmask", [](World& world, unsigned) { static_cast<void>(world.two().channels.unmask(joined)); }};

// The second domain's vcpu that runs on this CPU.
const Act<World> take{"take", [](World& world, unsigned cpu) { world.take(cpu); }};
const Act<World> block{"block", [](World& world, unsigned cpu) { world.block(cpu); }};
constexpr evtchn_port_t one_port[] = {joined.raw}, several_ports[] = {joined.raw, waiting.raw};
const Act<World> poll{"poll", [](World& world, unsigned cpu) { world.poll(cpu, one_port); }};
const Act<World> poll_several{"poll_several", [](World& world, unsigned cpu) { world.poll(cpu, several_ports); }};
// And the other one, before.
const Act<World> other_polls{"other_polls", [](World& world, unsigned cpu) { world.poll(1 - cpu, one_port); }};

using Events = Interleaved<World>;

TEST_F(Events, EveryPairOfActsFromEveryState) {
    const std::vector<Some> every_act{{send},     {send_back}, {close_one},  {close_two}, {close_waiting},
                                      {bind_one}, {bind_two},  {bind_again}, {reset_one}, {move},
                                      {unmask},   {take},      {block},      {poll},      {poll_several}};
    hold_in_pairs({{}, {send}, {mask, send}, {close_one}, {poll}, {poll, other_polls}}, every_act);
}

// An event may come while one vcpu begins to poll and another does already: all are woken that wait for it.
TEST_F(Events, AllThatPollAPortAreWoken) {
    hold_in_pairs({{}, {mask}, {poll, other_polls}, {mask, poll, other_polls}, {mask, poll_several, other_polls}},
                  {{send}, {poll}, {poll_several}, {take, poll}, {block}, {unmask, block}});
}

// Meanwhile its port may have become another channel's.
TEST_F(Events, AChannelIsClosedByTwo) {
    hold_in_pairs({{}, {send}}, {{close_one},
                                 {close_two},
                                 {reset_one},
                                 {close_one, bind_one},
                                 {close_two, bind_two},
                                 {close_two, bind_again},
                                 {bind_one, close_one},
                                 {send, send_back}});
}

TEST_F(Events, NoEventIsLostToAGuestThatLooks) {
    for (const Some& guest :
         {Some{take}, {take, take}, {mask, take, unmask}, {move, take}, {take, block}, {mask, unmask, poll}})
        for (const Some& sender : {Some{send, send}, {send, send_back}, {move, send}})
            if (holds({}, sender, guest); HasFailure()) return;
}

}    // namespace
}    // namespace basalt::interleaved::signalling
