// The answers of the keys go to the log. A report is long and its CPU has interrupts off, so after each line it answers
// what other CPUs wait for.
#pragma once

#include "core/lock.hpp"
#include "debug/log.hpp"

namespace basalt {

template <typename... Kinds>
void tell(Format<std::type_identity_t<Kinds>...> format, const Kinds&... values) {
    log<Kinds...>(Level::info, format, values...);
    while_waiting();
}

void tell_domains();
void tell_event_channels();
void tell_grants();
void tell_locks();
void tell_memory();
void tell_registers();
void tell_run_queues();

}  // namespace basalt
