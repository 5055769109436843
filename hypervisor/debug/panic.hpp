// We were wrong, or the machine is: say so, with where we were, and stop every CPU.
#pragma once

#include <string_view>

#include "debug/log.hpp"
#include "debug/stack_trace.hpp"

namespace basalt {

// Between these two the caller may log() what it knows. Another CPU that panics meanwhile halts.
void panic_begins(std::string_view reason);
[[noreturn]] void panic_ends();

template <typename... Kinds>
[[noreturn]] void panic(Format<std::type_identity_t<Kinds>...> reason, const Kinds&... values) {
    panic_begins("");
    log<Kinds...>(Level::error, reason, values...);
    show_stack(Frames::of_caller());
    panic_ends();
}

// Reset after a panic, unless told not to (noreboot).
void stay_after_panic();

// Seams. The machine stops the other CPUs; devices reset the machine.
void stop_other_cpus();
[[noreturn]] void reset_after_panic(bool stay);
std::uint32_t panicking_cpu();

}  // namespace basalt
