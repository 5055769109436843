// What events ask of the rest of Basalt.
#pragma once

#include <cstdint>

#include "core/number.hpp"
#include "core/result.hpp"

namespace basalt::events {

class EventChannels;
class VcpuEvents;

// The guest has something new to look at: wake the vcpu if it is blocked, or make it look if it runs elsewhere.
void notify(VcpuEvents& vcpu);
// The vcpu that runs here waits, until somebody ends that.
void begin_wait(VcpuEvents& vcpu);
void end_wait(VcpuEvents& vcpu);
// What is no event, and is to be told as soon: an NMI.
bool other_news_due(VcpuEvents& vcpu);
// At this instant of system time a poll that runs ends.
void set_poll_timeout(VcpuEvents& vcpu, std::uint64_t at);
void stop_poll_timeout(VcpuEvents& vcpu);

// A physical interrupt is connected to a port, or no longer. Called with the table's lock held.
Result<> connect_pirq(EventChannels& domain, Pirq pirq, Port port, bool will_share);
void disconnect_pirq(EventChannels& domain, Pirq pirq);
void move_pirq(EventChannels& domain, Pirq pirq, VcpuId vcpu);

// A page of zeroes for port records, and back.
Result<void*> take_table_page();
void give_table_page(void* page);

}  // namespace basalt::events
