// State and the lock that guards it, in one declaration. Basalt runs with interrupts off, so a waiting
// CPU must go on answering the others (translation flushes): it does so in `while_waiting`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include "core/assert.hpp"

namespace basalt {

// Outermost first. A CPU may only take a lock of a rank further down than those it holds;
// two of one rank are taken together, by with_both.
enum class Rank : std::uint8_t {
    domain_control,
    vcpu_setup,
    domain_list,
    run_end,
    domain_settings,   // what tools have said of one
    grant_table,
    event_channels,
    event_ports,
    event_queues,
    interrupt_routes,
    scheduler,
    timers,
    machine,       // devices' registers
    own_tables,    // Basalt's page tables: devices are mapped, and frames taken, through these
    frame_lists,   // through frames' records
    frames,
    log,
};
inline constexpr std::size_t lock_ranks = static_cast<std::size_t>(Rank::log) + 1;

// Seams: the machine and the host's fakes each supply these.
void while_waiting();            // answer other CPUs' requests once, then pause
void lock_waits();               // this CPU is about to wait for a lock, until it is taken
void lock_taken(Rank rank);      // debug builds check the order here
void lock_dropped(Rank rank);

// A ticket lock: first come, first served, so that no CPU starves.
class TicketLock {
public:
    void take() { wait(draw()); }

    // In two steps, for whoever wants to know whether there is somebody to wait for.
    std::uint32_t draw() { return next_.fetch_add(1, std::memory_order_relaxed); }
    bool serves(std::uint32_t ticket) const { return serving_.load(std::memory_order_acquire) == ticket; }
    void wait(std::uint32_t ticket) const {
        while (!serves(ticket)) while_waiting();
    }

    void drop() { serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

private:
    std::atomic<std::uint32_t> next_{0};
    std::atomic<std::uint32_t> serving_{0};
};

template <typename T, Rank rank>
class Guarded {
public:
    constexpr Guarded() = default;
    template <typename... Arguments>
    constexpr explicit Guarded(Arguments&&... arguments) : value_(std::forward<Arguments>(arguments)...) {}
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    template <typename Action>
    decltype(auto) with(Action&& action) {
        const Holding hold(lock_);
        lock_taken(rank);
        const Noted noted;
        return std::forward<Action>(action)(value_);
    }

    // Both of one rank, in address order, so that two CPUs never wait for each other.
    template <typename Action>
    static decltype(auto) with_both(Guarded& one, Guarded& other, Action&& action) {
        if (&one == &other) return one.with([&](T& value) -> decltype(auto) { return action(value, value); });
        const Holding first(std::less<>{}(&one, &other) ? one.lock_ : other.lock_);
        const Holding second(std::less<>{}(&one, &other) ? other.lock_ : one.lock_);
        lock_taken(rank);
        const Noted noted;
        return std::forward<Action>(action)(one.value_, other.value_);
    }

private:
    struct Holding {
        explicit Holding(TicketLock& lock) : lock_(lock) {
            const auto ticket = lock_.draw();
            if (lock_.serves(ticket)) [[likely]]
                return;
            lock_waits();
            lock_.wait(ticket);
        }
        ~Holding() { lock_.drop(); }
        Holding(const Holding&) = delete;
        Holding& operator=(const Holding&) = delete;
        TicketLock& lock_;
    };
    struct Noted {
        ~Noted() { lock_dropped(rank); }
    };

    TicketLock lock_;
    T value_{};
};

// State for which nobody waits: who finds it in use is told so, and comes again later. It has a rank all the same, for
// whoever has it waits for others' locks.
template <typename T, Rank rank>
class TryGuarded {
public:
    constexpr TryGuarded() = default;
    template <typename... Arguments>
    constexpr explicit TryGuarded(Arguments&&... arguments) : value_(std::forward<Arguments>(arguments)...) {}
    TryGuarded(const TryGuarded&) = delete;
    TryGuarded& operator=(const TryGuarded&) = delete;

    // What the action answers, or `in_use`.
    template <typename Action, typename Answer = std::invoke_result_t<Action, T&>>
    Answer try_with(Action&& action, std::type_identity_t<Answer> in_use) {
        if (taken_.exchange(true, std::memory_order_acquire)) return in_use;
        const Holding hold(taken_);
        return std::forward<Action>(action)(value_);
    }

private:
    struct Holding {
        explicit Holding(std::atomic<bool>& taken) : taken_(taken) { lock_taken(rank); }
        ~Holding() {
            lock_dropped(rank);
            taken_.store(false, std::memory_order_release);
        }
        Holding(const Holding&) = delete;
        Holding& operator=(const Holding&) = delete;
        std::atomic<bool>& taken_;
    };

    std::atomic<bool> taken_{false};
    T value_{};
};

}  // namespace basalt
