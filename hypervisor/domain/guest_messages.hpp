// What is told about guests, and how much of it (guest_loglvl). A guest chooses how often it does what is worth a message.
#pragma once

#include "debug/log.hpp"
#include "domain/domain.hpp"

namespace basalt {

// Once, at start-up.
void tell_about_guests(Levels levels);

// Whether a message about the domain is told: some kinds always, some as the domain's rate limit lets them, others never.
// What is told about Dom0 is about the machine.
bool may_tell_about(Domain& domain, Level level);

template <typename... Kinds>
void log_about(Domain& domain, Level level, Format<std::type_identity_t<Kinds>...> format, const Kinds&... values) {
    if (may_tell_about(domain, level)) log(level, format, values...);
}

}  // namespace basalt
