// A vcpu waits, and events come before it does, while it begins to, and later.
#include <gtest/gtest.h>

#include "events/world.hpp"

namespace basalt::events {
namespace {

struct wait : testing::Test {
    wait() { clear(); }
    void clear() {
        domain.clear_upcalls();
        domain.shared.evtchn_pending[0] = 0;
        domain.woken[0] = 0;
    }
    void send(Port port) { ASSERT_TRUE(domain.channels.send(port)); }
    bool waits() { return domain.waits[0]; }
    // An event of this port is sent at that moment, once.
    void send_when(std::function<void()> world::Domain::* moment, Port port) {
        domain.*moment = [this, moment, port] {
            domain.*moment = {};
            send(port);
        };
    }

    world::Domain domain{1};
    VcpuEvents& vcpu = domain.vcpu(0);
    // Events of the first are the other vcpu's.
    const Port port = *domain.channels.bind_ipi(VcpuId(1)), own = *domain.channels.bind_ipi(VcpuId(0));
    const std::array<evtchn_port_t, 1> only{port.raw};
    const std::array<evtchn_port_t, 2> several{own.raw, port.raw};
};

TEST_F(wait, lasts_until_an_event_of_its_own) {
    domain.info(0).evtchn_upcall_mask = 1;
    vcpu.wait();
    EXPECT_TRUE(waits());
    EXPECT_EQ(domain.info(0).evtchn_upcall_mask, 0);
    send(port);
    EXPECT_TRUE(waits());
    send(own);
    EXPECT_FALSE(waits());
}

TEST_F(wait, is_over_at_once_where_an_upcall_that_was_shut_out_is_due) {
    domain.info(0).evtchn_upcall_mask = 1;
    send(own);
    vcpu.wait();
    EXPECT_FALSE(waits());
}

TEST_F(wait, is_over_at_once_where_an_nmi_is_due) {
    domain.nmi_due = true;
    vcpu.wait();
    EXPECT_FALSE(waits());
    EXPECT_TRUE(vcpu.poll(only, 5));
    EXPECT_FALSE(waits());
    EXPECT_EQ(domain.poll_timeout[0], 0);
}

TEST_F(wait, finds_the_event_that_comes_as_it_begins) {
    for (const auto moment : {&world::Domain::as_wait_begins, &world::Domain::as_looking_ends}) {
        clear();
        send_when(moment, own);
        vcpu.wait();
        EXPECT_FALSE(waits());
    }
}

// Whether the event comes before the vcpu looks at the ports or after.
TEST_F(wait, a_poll_finds_the_event_that_comes_as_it_begins) {
    for (const auto ports : {std::span<const evtchn_port_t>(only), std::span<const evtchn_port_t>(several)})
        for (const auto moment : {&world::Domain::as_wait_begins, &world::Domain::as_looking_ends}) {
            clear();
            send_when(moment, port);
            ASSERT_TRUE(vcpu.poll(ports, 0));
            EXPECT_FALSE(waits());
        }
}

TEST_F(wait, a_poll_ends_by_its_port_even_if_masked_and_by_no_other) {
    domain.shared.evtchn_mask[0] = ~0ul;
    ASSERT_TRUE(vcpu.poll(only, 0));
    send(own);
    EXPECT_TRUE(waits());
    send(port);
    EXPECT_FALSE(waits());
    clear();
    ASSERT_TRUE(vcpu.poll(several, 0));
    send(own);
    EXPECT_FALSE(waits());
}

TEST_F(wait, a_poll_that_finds_a_pending_port_leaves_nothing_behind) {
    send(port);
    ASSERT_TRUE(vcpu.poll(several, 5));
    EXPECT_FALSE(waits());
    EXPECT_EQ(domain.poll_timeout[0], 0);
    clear();
    vcpu.wait();
    send(port);
    EXPECT_TRUE(waits());
}

TEST_F(wait, a_poll_that_was_begun_does_not_end_the_next_wait) {
    ASSERT_TRUE(vcpu.poll(only, 5));
    EXPECT_TRUE(waits());
    EXPECT_EQ(domain.poll_timeout[0], 5);
    send(own);
    EXPECT_FALSE(waits());
    clear();
    domain.as_wait_begins = [this] { EXPECT_EQ(domain.poll_timeout[0], 0); };
    vcpu.wait();
    send(port);
    EXPECT_TRUE(waits());
    EXPECT_EQ(domain.woken[0], 0);
}

TEST_F(wait, a_poll_of_a_port_beyond_the_table_is_refused_and_waits_for_nothing) {
    const std::array<evtchn_port_t, 2> beyond{port.raw, 4000};
    EXPECT_EQ(vcpu.poll(beyond, 5).error(), Error::invalid);
    EXPECT_FALSE(waits());
    EXPECT_EQ(domain.poll_timeout[0], 0);
    EXPECT_EQ(domain.channels.is_pending(Port(4000)).error(), Error::invalid);
}

TEST_F(wait, a_poll_of_no_port_lasts_until_an_upcall_or_its_end) {
    ASSERT_TRUE(vcpu.poll({}, 7));
    EXPECT_TRUE(waits());
    EXPECT_EQ(domain.poll_timeout[0], 7);
}

}   // namespace
}   // namespace basalt::events
