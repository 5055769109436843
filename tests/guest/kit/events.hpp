// Event upcalls in the 2-level layout: every port that fires is counted, nothing is lost, nothing is answered.
#pragma once

#include "memory.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace kit {

struct Seen {
    std::array<std::atomic<unsigned>, 4096> port{};   // times this port was found pending
    std::atomic<unsigned> upcalls = 0;
};
extern Seen seen;

// How often it has fired since this was last asked.
inline unsigned fired(unsigned port) { return seen.port[port].exchange(0); }

void take_events();

// What the upcall does instead of the 2-level scan; nullptr puts the scan back.
void set_event_reader(void (*reader)());

void allow_events(bool allowed);
// Lets in what is pending now, then shuts events out again.
void let_events_in();

bool pending(unsigned port);
bool masked(unsigned port);
void mask(unsigned port, bool on);

}
