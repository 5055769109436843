// CPUs as threads: senders, a guest that takes, masks and unmasks events, and others that close and bind.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "events/fifo_guest.hpp"
#include "events/world.hpp"

namespace basalt::events {
namespace {

using world::Domain;

constexpr unsigned ports = 12;
constexpr int rounds = 20'000;
constexpr event_word_t pending = event_word_t{1} << EVTCHN_FIFO_PENDING;
constexpr event_word_t masked = event_word_t{1} << EVTCHN_FIFO_MASKED;
constexpr event_word_t busy = event_word_t{1} << EVTCHN_FIFO_BUSY;

// The guest's unmask: by itself where nothing is pending, else by hypercall.
void unmask(Domain& domain, Port port) {
    std::atomic_ref word(domain.word(port));
    auto seen = word.load();
    do {
        if ((seen & pending) != 0) {
            static_cast<void>(domain.channels.unmask(port));
            return;
        }
        seen &= ~busy;
    } while (!word.compare_exchange_weak(seen, seen & ~masked));
}

struct Traffic {
    Traffic() {
        receiver.use_fifo();
        for (unsigned number = 0; number < ports; ++number) {
            const auto there = *receiver.channels.allocate_unbound(DomainId(1));
            to.push_back(there);
            from.push_back(*sender.channels.bind_interdomain(receiver.channels, there));
        }
    }
    Domain sender{1}, receiver{2};
    std::vector<Port> to, from;
    std::array<std::atomic<int>, ports + 1> sent{}, seen{};
    std::atomic<int> senders{2};
};

void send_all(Traffic& traffic, unsigned seed) {
    std::mt19937 random(seed);
    for (int round = 0; round < rounds; ++round) {
        const auto which = random() % ports;
        ++traffic.sent[traffic.to[which].raw];
        static_cast<void>(traffic.sender.channels.send(traffic.from[which]));
    }
    --traffic.senders;
}

// An event is taken when its count is looked at; what was sent before that must have been seen in the end.
void take_all(Traffic& traffic, unsigned vcpu, const std::atomic<bool>& over) {
    FifoGuest guest(traffic.receiver, vcpu);
    std::mt19937 random(vcpu);
    while (!over) {
        guest.take([&](Port port) {
            traffic.seen[port.raw].store(traffic.sent[port.raw].load());
            if (random() % 8 != 0) return;
            std::atomic_ref(traffic.receiver.word(port)).fetch_or(masked);
            if (random() % 2 != 0) std::this_thread::yield();
            unmask(traffic.receiver, port);
        });
        std::this_thread::yield();
    }
}

void disturb(Traffic& traffic) {
    std::mt19937 random(5);
    while (traffic.senders != 0) {
        const auto port = traffic.to[random() % ports];
        static_cast<void>(traffic.receiver.channels.set_priority(port, random() % 16));
        std::atomic_ref(traffic.receiver.word(port)).fetch_or(masked);
        std::this_thread::yield();
        static_cast<void>(traffic.receiver.channels.unmask(port));
    }
}

TEST(events_race, no_event_is_lost) {
    Traffic traffic;
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    threads.emplace_back(send_all, std::ref(traffic), 1);
    threads.emplace_back(send_all, std::ref(traffic), 2);
    threads.emplace_back(disturb, std::ref(traffic));
    threads.emplace_back(take_all, std::ref(traffic), 0, std::cref(over));
    for (int thread = 0; thread < 3; ++thread) threads[static_cast<unsigned>(thread)].join();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (const auto port : traffic.to)
        while (traffic.seen[port.raw] != traffic.sent[port.raw] && std::chrono::steady_clock::now() < until)
            std::this_thread::yield();
    over = true;
    threads.back().join();
    for (const auto port : traffic.to) EXPECT_EQ(traffic.seen[port.raw], traffic.sent[port.raw]) << port.raw;
}

TEST(events_race, channels_may_be_closed_at_both_ends_while_they_are_sent_through) {
    Domain one(1), other(2);
    one.use_fifo();
    std::atomic<bool> over{false};
    const auto churn = [&](Domain& mine, Domain& peer, unsigned seed) {
        std::mt19937 random(seed);
        for (int round = 0; round < rounds / 20; ++round) {
            const Port port(1 + random() % 4);
            switch (random() % 5) {
                case 0: static_cast<void>(mine.channels.allocate_unbound(peer.channels.self())); break;
                case 1: static_cast<void>(mine.channels.bind_interdomain(peer.channels, port)); break;
                case 2: static_cast<void>(mine.channels.close(port)); break;
                case 3: static_cast<void>(mine.channels.bind_virq(Virq(VIRQ_DEBUG), VcpuId(random() % 2))); break;
                default: static_cast<void>(mine.channels.reset()); break;
            }
        }
    };
    const auto send = [&](Domain& mine) {
        for (std::uint32_t port = 1; !over; port = port % 6 + 1) {
            static_cast<void>(mine.channels.send(Port(port)));
            static_cast<void>(mine.channels.unmask(Port(port)));
            mine.channels.raise_virq(mine.vcpu(port % 2), Virq(VIRQ_DEBUG));
            std::this_thread::yield();
        }
    };
    std::vector<std::thread> churners, senders;
    churners.emplace_back(churn, std::ref(one), std::ref(other), 1);
    churners.emplace_back(churn, std::ref(other), std::ref(one), 2);
    senders.emplace_back(send, std::ref(one));
    senders.emplace_back(send, std::ref(other));
    for (auto& thread : churners) thread.join();
    over = true;
    for (auto& thread : senders) thread.join();
}

}  // namespace
}  // namespace basalt::events
