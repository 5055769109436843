#include <gtest/gtest.h>

#include <algorithm>

#include "abi/event_channel.hpp"
#include "events/fifo_guest.hpp"
#include "events/fifo_link.hpp"
#include "events/world.hpp"

namespace basalt::events {
namespace {

using world::Domain;

constexpr event_word_t bit(unsigned number) { return event_word_t{1} << number; }
constexpr auto pending = bit(EVTCHN_FIFO_PENDING);
constexpr auto masked = bit(EVTCHN_FIFO_MASKED);

struct fifo : testing::Test {
    void SetUp() override { domain->use_fifo(); }
    void TearDown() override {
        domain.reset();
        EXPECT_EQ(world::table_pages, 0);
        EXPECT_EQ(world::shared_pages, 0);
    }
    Port ipi(std::uint32_t vcpu = 0) { return *domain->channels.bind_ipi(VcpuId(vcpu)); }
    std::vector<std::uint32_t> taken(unsigned vcpu = 0) { return FifoGuest(*domain, vcpu).take_all(); }
    void send(Port port) { EXPECT_TRUE(domain->channels.send(port)); }
    std::unique_ptr<Domain> domain = std::make_unique<Domain>(1);
};

using Ports = std::vector<std::uint32_t>;

TEST_F(fifo, events_come_in_the_order_they_were_sent) {
    const auto a = ipi(), b = ipi(), c = ipi();
    send(b);
    send(a);
    send(c);
    send(a);
    EXPECT_EQ(domain->notified[0], 1);
    EXPECT_EQ(taken(), (Ports{b.raw, a.raw, c.raw}));
    EXPECT_EQ(taken(), Ports{});
    send(a);
    EXPECT_EQ(taken(), Ports{a.raw});
}

TEST_F(fifo, higher_priorities_come_first) {
    const auto low = ipi(), usual = ipi(), high = ipi();
    EXPECT_TRUE(domain->channels.set_priority(low, EVTCHN_FIFO_PRIORITY_MIN));
    EXPECT_TRUE(domain->channels.set_priority(high, EVTCHN_FIFO_PRIORITY_MAX));
    EXPECT_EQ(domain->channels.set_priority(high, 16).error(), Error::invalid);
    EXPECT_EQ(domain->channels.set_priority(Port(5000), 0).error(), Error::invalid);
    send(low);
    send(usual);
    send(high);
    EXPECT_EQ(taken(), (Ports{high.raw, usual.raw, low.raw}));
}

TEST_F(fifo, a_masked_event_waits_for_unmask) {
    const auto port = ipi();
    domain->word(port) |= masked;
    send(port);
    EXPECT_EQ(domain->notified[0], 0);
    EXPECT_EQ(taken(), Ports{});
    EXPECT_TRUE(domain->channels.unmask(port));
    EXPECT_EQ(domain->notified[0], 1);
    EXPECT_EQ(taken(), Ports{port.raw});
}

TEST_F(fifo, an_event_whose_vcpu_changes_while_it_is_linked_is_not_lost) {
    const auto unbound = *domain->channels.allocate_unbound(DomainId(1));
    const auto sender = *domain->channels.bind_interdomain(domain->channels, unbound);
    taken();
    send(sender);                                              // linked on vcpu 0
    EXPECT_TRUE(domain->channels.bind_vcpu(unbound, VcpuId(1)));
    send(sender);                                              // stays there
    EXPECT_EQ(taken(0), Ports{unbound.raw});
    send(sender);
    EXPECT_EQ(taken(0), Ports{});
    EXPECT_EQ(taken(1), Ports{unbound.raw});
    const auto after = ipi(0);                                 // the queue it left is usable
    send(after);
    EXPECT_EQ(taken(0), Ports{after.raw});
}

TEST_F(fifo, what_is_raised_before_its_page_comes_is_raised_then) {
    while (ipi().raw < 1023) {}
    const auto beyond = ipi();
    ASSERT_EQ(beyond, Port(1024));
    send(beyond);
    EXPECT_EQ(domain->notified[0], 0);
    EXPECT_TRUE(domain->channels.expand_array(domain->page(3)));
    EXPECT_EQ(domain->notified[0], 1);
    EXPECT_EQ(taken(), Ports{beyond.raw});
}

TEST(fifo_start, two_level_events_are_carried_over) {
    Domain domain(1);
    const auto port = *domain.channels.bind_ipi(VcpuId(0));
    EXPECT_TRUE(domain.channels.send(port));
    domain.clear_upcalls();
    domain.use_fifo();
    EXPECT_EQ(FifoGuest(domain, 0).take_all(), Ports{port.raw});
}

TEST(fifo_start, what_was_pending_when_the_layout_changed_before_is_forgotten) {
    Domain domain(1);
    const auto port = *domain.channels.bind_ipi(VcpuId(0));
    EXPECT_TRUE(domain.channels.close(port));
    domain.shared.evtchn_pending[0] = std::uint64_t{1} << port.raw;
    EXPECT_TRUE(domain.channels.init_control(VcpuId(0), domain.page(0), 0));
    while (!domain.channels.reset().done()) {}
    domain.shared.evtchn_pending[0] = 0;
    domain.use_fifo();
    EXPECT_EQ(*domain.channels.bind_ipi(VcpuId(0)), port);
    EXPECT_FALSE(domain.pending(port));
}

TEST(fifo_start, refusals) {
    Domain domain(1);
    auto& channels = domain.channels;
    EXPECT_EQ(channels.expand_array(domain.page(9)).error(), Error::not_supported);
    EXPECT_EQ(channels.init_control(VcpuId(2), domain.page(0), 0).error(), Error::no_entry);
    EXPECT_EQ(channels.init_control(VcpuId(0), domain.page(0), 4).error(), Error::invalid);
    EXPECT_EQ(channels.init_control(VcpuId(0), domain.page(0), 4096 - 64).error(), Error::invalid);
    EXPECT_EQ(channels.set_priority(*channels.bind_ipi(VcpuId(0)), 1).error(), Error::not_implemented);
    EXPECT_TRUE(channels.init_control(VcpuId(0), domain.page(0), 4096 - 72));
    EXPECT_EQ(channels.init_control(VcpuId(0), domain.page(0), 0).error(), Error::invalid);
    for (int pages = 0; pages < 128; ++pages) EXPECT_TRUE(channels.expand_array(domain.page(9)));
    EXPECT_EQ(channels.expand_array(domain.page(9)).error(), Error::no_space);
    EXPECT_EQ(world::shared_pages, 129);
    while (!channels.reset().done()) {}
    EXPECT_EQ(world::shared_pages, 0);
    EXPECT_EQ(channels.expand_array(domain.page(9)).error(), Error::not_supported);
}

TEST_F(fifo, a_port_that_is_still_linked_is_not_used_anew) {
    const auto port = ipi();
    send(port);
    EXPECT_TRUE(domain->channels.close(port));
    EXPECT_EQ(domain->word(port) & pending, 0u);
    EXPECT_NE(ipi(), port);
    EXPECT_EQ(taken(), Ports{});   // passes over it, as it is not pending
    EXPECT_EQ(ipi(), port);
}

TEST_F(fifo, all_ports_can_be_used) {
    for (int page = 1; page < 128; ++page) EXPECT_TRUE(domain->channels.expand_array(domain->page(2 + page)));
    for (std::uint32_t port = 1; port < fifo_ports; ++port) ASSERT_EQ(ipi(), Port(port));
    EXPECT_EQ(domain->channels.bind_ipi(VcpuId(0)).error(), Error::no_space);
    send(Port(fifo_ports - 1));
    EXPECT_EQ(taken(), Ports{fifo_ports - 1});
}

TEST_F(fifo, whatever_the_guest_writes_sending_ends) {
    const auto a = ipi(), b = ipi(), c = ipi();
    std::uint32_t garbage = 12345;
    for (int round = 0; round < 20'000; ++round) {
        for (auto port : {a, b, c}) {
            garbage = garbage * 1664525 + 1013904223;
            domain->word(port) = garbage;
            domain->control(0).ready = garbage >> 7;
            domain->control(0).head[7] = garbage >> 3;
        }
        send(a);
        send(b);
        EXPECT_TRUE(domain->channels.unmask(c));
    }
    EXPECT_TRUE(domain->channels.close(b));
}

// The guest may act between any two accesses of set_link: every such run is tried.
struct Interleaved {
    struct World {
        event_word_t word;
        std::vector<int> choices;   // how many of its acts the guest does before each access
        std::size_t access = 0;
        std::vector<int> acts;
        std::size_t acted = 0;
        bool guest_took_link = false;
        event_word_t taken = 0;
    };
    World& world;

    void guest_acts() const {
        const int count = world.access < world.choices.size() ? world.choices[world.access] : 0;
        ++world.access;
        for (int act = 0; act < count && world.acted < world.acts.size(); ++act) guest_act(world.acts[world.acted++]);
    }
    void guest_act(int act) const {
        switch (act) {
            case 0: world.word |= masked; break;
            case 1:
                if ((world.word & (fifo_busy | pending)) == 0) world.word &= ~masked;
                break;
            case 2: world.word &= ~pending; break;
            case 3:
                world.guest_took_link = true;
                world.taken = world.word & fifo_link;
                world.word &= ~(fifo_linked | fifo_link);
                break;
        }
    }
    event_word_t load() const {
        guest_acts();
        return world.word;
    }
    event_word_t fetch_or(event_word_t bits) const {
        guest_acts();
        return std::exchange(world.word, world.word | bits);
    }
    event_word_t fetch_and(event_word_t bits) const {
        guest_acts();
        return std::exchange(world.word, world.word & bits);
    }
    bool compare_exchange_strong(event_word_t& seen, event_word_t next) const {
        guest_acts();
        if (world.word == seen) {
            world.word = next;
            return true;
        }
        seen = world.word;
        return false;
    }
};

// Where an honest guest is, the event is exactly once in the queue: as the link, or at the head.
TEST(fifo_link, an_event_is_linked_exactly_if_the_guest_finds_it) {
    std::vector<int> acts{0, 1, 2, 3};
    int runs = 0;
    do {
        for (const auto start : {fifo_linked, fifo_linked | pending, fifo_linked | masked, fifo_linked | pending | masked}) {
            for (int code = 0; code < 5 * 5 * 5 * 5 * 5 * 5; ++code) {
                std::vector<int> choices;
                int chosen = 0;
                for (int rest = code, at = 0; at < 6; ++at, rest /= 5) chosen += choices.emplace_back(rest % 5);
                if (chosen > 4) continue;   // there are four acts: the same as another run
                Interleaved::World world{.word = start, .choices = choices, .acts = acts};
                const bool linked = set_link(Interleaved{world}, Port(77));
                while (world.acted < acts.size()) Interleaved{world}.guest_act(acts[world.acted++]);
                ASSERT_EQ(linked, world.taken == 77) << code;
                ASSERT_EQ(world.word & fifo_busy, 0u);
                ++runs;
            }
        }
    } while (std::next_permutation(acts.begin(), acts.end()));
    EXPECT_EQ(runs, 24 * 4 * 210);
}

}  // namespace
}  // namespace basalt::events
