#include "memory/domain_memory.hpp"

namespace basalt {

Result<> DomainMemory::add(std::uint64_t frames) {
    auto now = total.load(std::memory_order_relaxed);
    do {
        if (dying.load(std::memory_order_relaxed)) return refuse(Error::invalid);
        const auto limit = most.load(std::memory_order_relaxed);
        if (now > limit || frames > limit - now) return refuse(Error::no_memory);
    } while (!total.compare_exchange_weak(now, now + frames, std::memory_order_relaxed));
    return {};
}

void DomainMemory::remove(std::uint64_t frames) {
    if (total.fetch_sub(frames) == frames && closed.load()) tell_if_empty();
}

void DomainMemory::close() {
    closed.store(true);
    if (total.load() == 0) tell_if_empty();
}

void DomainMemory::tell_if_empty() {
    if (!told_.exchange(true)) account_is_empty(*this);
}

}    // namespace basalt
