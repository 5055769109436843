// The order of locks is checked in every host test.
#include <thread>
#include <vector>

#include "core/lock.hpp"

namespace basalt {
namespace {

thread_local std::vector<Rank> held;

}  // namespace

void while_waiting() { std::this_thread::yield(); }

void lock_waits() {}

void lock_taken(Rank rank) {
    ASSERT(held.empty() || held.back() < rank);
    held.push_back(rank);
}

void lock_dropped(Rank rank) {
    ASSERT(!held.empty() && held.back() == rank);
    held.pop_back();
}

}  // namespace basalt
