// Two CPUs that run the real code one shared-memory access at a time. All of memory/ and paging/ is compiled
// for this program so that each atomic access is a call (atomics.cpp), and each call is a place where the
// other CPU may go on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace basalt::interleaved {

inline constexpr unsigned cpus = 2;

using Program = std::function<void()>;

// Both CPUs stand before the first access of their programs.
void start_cpus(const Program& first, const Program& second);
// From where it stands, past its next access, to where it stands before another one, or at its end.
void step(unsigned cpu);
// It has not ended, and does not wait for a change that only the other can make.
bool can_step(unsigned cpu);
bool all_ended();
std::uint64_t changes();    // that both have made, in all
// All that the CPUs have learnt so far: what each does next follows from nothing else.
std::uint64_t histories();

// What the running CPU says from within its program. On neither CPU, while a world is set up or looked at,
// nothing.
inline constexpr unsigned nobody = ~0U;
unsigned running();
void stand();    // an access follows: the other may go first
enum class Access : std::uint8_t { load, update, comparing_update };
void stand_before(const volatile void* place, Access access);
void stand_before_lock(const volatile std::uint32_t* lock);    // of tickets: the next one, and the one that is served
void learn(std::uint64_t value);      // it depends on this from now on
void change();                        // others may be waiting for this
void say(const std::string& what);    // in words, where the way is traced
void wait_for_change();
void begin_act();    // of several in a program: its values start anew

void trace(bool on);
bool is_traced();
const std::string& last_said();    // by the last step

}    // namespace basalt::interleaved
