#include <gtest/gtest.h>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "events/world.hpp"

namespace basalt::events {
namespace {

using world::Domain;
constexpr DomainId id_of(std::uint16_t number) { return DomainId(number); }

struct ports : testing::Test {
    void TearDown() override {
        one.reset();
        other.reset();
        EXPECT_EQ(world::table_pages, 0);
        EXPECT_EQ(world::shared_pages, 0);
    }
    // An interdomain channel: the port of `one`, the port of `other`.
    std::pair<Port, Port> joined() {
        const auto there = *other->channels.allocate_unbound(id_of(1));
        return {*one->channels.bind_interdomain(other->channels, there), there};
    }
    std::unique_ptr<Domain> one = std::make_unique<Domain>(1);
    std::unique_ptr<Domain> other = std::make_unique<Domain>(2);
};

TEST_F(ports, the_lowest_free_port_comes_first_and_never_port_0) {
    EXPECT_EQ(*one->channels.allocate_unbound(id_of(2)), Port(1));
    EXPECT_EQ(*one->channels.allocate_unbound(id_of(2)), Port(2));
    EXPECT_EQ(*one->channels.allocate_unbound(id_of(2)), Port(3));
    EXPECT_TRUE(one->channels.close(Port(2)));
    EXPECT_EQ(*one->channels.bind_ipi(VcpuId(1)), Port(2));
    EXPECT_EQ(*one->channels.bind_ipi(VcpuId(1)), Port(4));
}

TEST_F(ports, an_unbound_one_is_joined_by_its_peer_only) {
    const auto port = *one->channels.allocate_unbound(id_of(2));
    EXPECT_EQ(one->channels.bind_interdomain(one->channels, port).error(), Error::invalid);
    Domain third(3);
    EXPECT_EQ(third.channels.bind_interdomain(one->channels, port).error(), Error::invalid);
    EXPECT_EQ(other->channels.bind_interdomain(one->channels, Port(99)).error(), Error::invalid);
    const auto there = other->channels.bind_interdomain(one->channels, port);
    ASSERT_TRUE(there);
    EXPECT_EQ(other->channels.bind_interdomain(one->channels, port).error(), Error::invalid);
    EXPECT_EQ(*there, Port(1));   // the refused calls left nothing behind
    const auto status = *one->channels.status(port);
    EXPECT_EQ(status.status, std::uint32_t{EVTCHNSTAT_interdomain});
    EXPECT_EQ(status.u.interdomain.dom, 2);
    EXPECT_EQ(status.u.interdomain.port, there->raw);
}

TEST_F(ports, binding_marks_the_new_end_pending) {
    const auto [here, there] = joined();
    EXPECT_TRUE(one->pending(here));
    EXPECT_FALSE(other->pending(there));
    EXPECT_EQ(one->notified[0], 1);
}

TEST_F(ports, a_domain_may_join_itself) {
    const auto waiting = *one->channels.allocate_unbound(id_of(1));
    const auto bound = *one->channels.bind_interdomain(one->channels, waiting);
    EXPECT_TRUE(one->channels.send(bound));
    EXPECT_TRUE(one->pending(waiting));
    EXPECT_TRUE(one->channels.close(waiting));
    EXPECT_EQ(one->channels.status(bound)->status, std::uint32_t{EVTCHNSTAT_unbound});
}

TEST_F(ports, closing_one_end_leaves_the_other_waiting_for_the_same_domain) {
    const auto [here, there] = joined();
    EXPECT_TRUE(one->channels.close(here));
    EXPECT_EQ(one->channels.status(here)->status, std::uint32_t{EVTCHNSTAT_closed});
    EXPECT_EQ(other->channels.status(there)->status, std::uint32_t{EVTCHNSTAT_unbound});
    EXPECT_EQ(other->channels.status(there)->u.unbound.dom, 1);
    EXPECT_TRUE(other->channels.send(there));   // nobody hears it
    EXPECT_FALSE(one->pending(here));
    EXPECT_TRUE(one->channels.bind_interdomain(other->channels, there));
}

TEST_F(ports, events_arrive_at_the_other_end_on_its_vcpu) {
    const auto [here, there] = joined();
    EXPECT_TRUE(other->channels.bind_vcpu(there, VcpuId(1)));
    EXPECT_TRUE(one->channels.send(here));
    EXPECT_TRUE(other->pending(there));
    EXPECT_EQ(other->info(1).evtchn_upcall_pending, 1);
    EXPECT_EQ(other->info(1).evtchn_pending_sel, 1u);
    EXPECT_EQ(other->notified[1], 1);
    EXPECT_EQ(other->notified[0], 0);
    EXPECT_TRUE(one->channels.send(here));
    EXPECT_EQ(other->notified[1], 1);   // it has been told
}

TEST_F(ports, a_masked_event_is_delivered_when_unmasked) {
    const auto [here, there] = joined();
    other->shared.evtchn_mask[0] = ~0ul;
    EXPECT_TRUE(one->channels.send(here));
    EXPECT_TRUE(other->pending(there));
    EXPECT_EQ(other->notified[0], 0);
    EXPECT_TRUE(other->channels.unmask(there));
    EXPECT_EQ(other->notified[0], 1);
    EXPECT_EQ(other->shared.evtchn_mask[0], ~0ul & ~(1ul << there.raw));
    EXPECT_TRUE(other->channels.unmask(there));
    EXPECT_EQ(other->notified[0], 1);
}

TEST_F(ports, virqs) {
    auto& channels = one->channels;
    EXPECT_EQ(channels.bind_virq(Virq(24), VcpuId(0)).error(), Error::invalid);
    EXPECT_EQ(channels.bind_virq(Virq(VIRQ_TIMER), VcpuId(2)).error(), Error::no_entry);
    EXPECT_EQ(channels.bind_virq(Virq(VIRQ_DOM_EXC), VcpuId(1)).error(), Error::invalid);
    channels.raise_virq(one->vcpu(1), Virq(VIRQ_TIMER));   // nobody has bound it
    const auto timer = *channels.bind_virq(Virq(VIRQ_TIMER), VcpuId(1));
    EXPECT_EQ(channels.bind_virq(Virq(VIRQ_TIMER), VcpuId(1)).error(), Error::exists);
    EXPECT_TRUE(channels.bind_virq(Virq(VIRQ_TIMER), VcpuId(0)));
    channels.raise_virq(one->vcpu(1), Virq(VIRQ_TIMER));
    EXPECT_TRUE(one->pending(timer));
    EXPECT_EQ(one->notified[1], 1);
    EXPECT_EQ(channels.bind_vcpu(timer, VcpuId(0)).error(), Error::invalid);
    EXPECT_EQ(channels.send(timer).error(), Error::invalid);
    EXPECT_TRUE(channels.close(timer));
    EXPECT_FALSE(one->pending(timer));
    EXPECT_TRUE(channels.bind_virq(Virq(VIRQ_TIMER), VcpuId(1)));

    const auto exceptions = *channels.bind_virq(Virq(VIRQ_DOM_EXC), VcpuId(0));
    EXPECT_TRUE(channels.bind_vcpu(exceptions, VcpuId(1)));
    one->clear_upcalls();
    channels.raise_global_virq(Virq(VIRQ_DOM_EXC));
    EXPECT_EQ(one->notified[1], 1);
    EXPECT_TRUE(channels.close(exceptions));
    EXPECT_TRUE(channels.bind_virq(Virq(VIRQ_DOM_EXC), VcpuId(0)));
}

TEST_F(ports, ipis_and_pirqs) {
    auto& channels = one->channels;
    EXPECT_EQ(channels.bind_ipi(VcpuId(2)).error(), Error::no_entry);
    const auto ipi = *channels.bind_ipi(VcpuId(1));
    EXPECT_TRUE(channels.send(ipi));
    EXPECT_EQ(one->notified[1], 1);
    EXPECT_EQ(channels.bind_vcpu(ipi, VcpuId(0)).error(), Error::invalid);
    EXPECT_EQ(channels.bind_pirq(Pirq(64), false).error(), Error::invalid);
    const auto pirq = *channels.bind_pirq(Pirq(9), false);
    EXPECT_EQ(channels.bind_pirq(Pirq(9), false).error(), Error::exists);
    channels.raise_pirq(pirq, Pirq(9));
    EXPECT_TRUE(one->pending(pirq));
    channels.raise_pirq(ipi, Pirq(9));   // closed and used anew meanwhile
    EXPECT_TRUE(channels.bind_vcpu(pirq, VcpuId(1)));
    EXPECT_EQ(channels.send(pirq).error(), Error::invalid);
    EXPECT_TRUE(channels.close(pirq));
    EXPECT_TRUE(one->pirqs.empty());
    EXPECT_EQ(channels.close(pirq).error(), Error::invalid);
    EXPECT_EQ(channels.close(Port(5000)).error(), Error::invalid);
    EXPECT_EQ(channels.close(Port(~0u)).error(), Error::invalid);
}

TEST_F(ports, limits_and_lack_of_memory_are_refused_without_a_trace) {
    one->channels.limit_ports(4);
    for (int count = 0; count < 3; ++count) EXPECT_TRUE(one->channels.allocate_unbound(id_of(2)));
    EXPECT_EQ(one->channels.allocate_unbound(id_of(2)).error(), Error::no_space);
    world::table_pages_left = 1;
    EXPECT_EQ(other->channels.allocate_unbound(id_of(1)).error(), Error::no_memory);
    world::table_pages_left = 1'000'000;
    EXPECT_EQ(*other->channels.allocate_unbound(id_of(1)), Port(1));
}

TEST_F(ports, every_two_level_port_can_be_used_and_closed_by_reset) {
    for (std::uint32_t port = 1; port < two_level_ports; ++port)
        ASSERT_EQ(*one->channels.allocate_unbound(id_of(2)), Port(port));
    EXPECT_EQ(one->channels.allocate_unbound(id_of(2)).error(), Error::no_space);
    EXPECT_TRUE(one->channels.close(Port(4000)));
    EXPECT_EQ(*one->channels.allocate_unbound(id_of(2)), Port(4000));
    int steps = 1;
    while (!one->channels.reset().done()) ++steps;
    EXPECT_GT(steps, 10);
    EXPECT_EQ(*one->channels.allocate_unbound(id_of(2)), Port(1));
}

TEST_F(ports, a_dying_domain_leaves_its_peers_unbound) {
    const auto [here, there] = joined();
    other->channels.refuse_new_ports();
    while (!other->channels.reset().done()) {}
    EXPECT_EQ(one->channels.status(here)->status, std::uint32_t{EVTCHNSTAT_unbound});
    EXPECT_EQ(other->channels.allocate_unbound(id_of(1)).error(), Error::invalid);
    EXPECT_TRUE(one->channels.send(here));
}

TEST_F(ports, a_moved_vcpu_info_loses_nothing) {
    auto& vcpu = one->vcpu(0);
    one->info(0).evtchn_upcall_mask = 1;
    vcpu_info elsewhere{};
    vcpu.move_info(&elsewhere);
    EXPECT_EQ(elsewhere.evtchn_upcall_pending, 1);
    EXPECT_EQ(elsewhere.evtchn_upcall_mask, 1);
    EXPECT_EQ(elsewhere.evtchn_pending_sel, ~0ul);
    EXPECT_FALSE(vcpu.upcall_due());
    elsewhere.evtchn_upcall_mask = 0;
    EXPECT_TRUE(vcpu.upcall_due());
    elsewhere = {};
    EXPECT_TRUE(one->channels.send(*one->channels.bind_ipi(VcpuId(0))));
    EXPECT_EQ(elsewhere.evtchn_upcall_pending, 1);
    vcpu.place_info(&one->info(0));
}

}  // namespace
}  // namespace basalt::events
