// We were wrong, or the machine is: say so, with where we were, and stop every CPU.
#pragma once

#include <cstdint>

#include "debug/log.hpp"
#include "debug/stack_trace.hpp"

namespace basalt {

// Between these two the caller may log() what it knows. Another CPU that panics meanwhile halts.
void panic_begins();
[[noreturn]] void panic_ends();
bool panic_is_under_way();

template <typename... Kinds>
[[noreturn, gnu::noinline]] void panic(Format<std::type_identity_t<Kinds>...> reason, const Kinds&... values) {
    panic_begins();
    log<Kinds...>(Level::error, reason, values...);
    show_stack(Frames::of_caller());
    panic_ends();
}

// Seams. The machine knows its CPUs, devices reset it.
std::uint32_t panicking_cpu();
void stop_other_cpus();
[[noreturn]] void reset_after_panic(bool more_can_be_said);

}  // namespace basalt
