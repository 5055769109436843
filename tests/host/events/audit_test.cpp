// Hand-made damage of each kind is found, and named by the port.
#include <gtest/gtest.h>

#include <algorithm>

#include "abi/xen.hpp"
#include "events/audit.hpp"
#include "events/world.hpp"

namespace basalt::events {
namespace {

using world::Domain;

struct audit : testing::Test {
    audit() {
        there = *other.channels.allocate_unbound(DomainId(1));
        here = *one.channels.bind_interdomain(other.channels, there);
        virq = *one.channels.bind_virq(Virq(VIRQ_CONSOLE), VcpuId(0));
        timer = *one.channels.bind_virq(Virq(VIRQ_TIMER), VcpuId(1));
        pirq = *one.channels.bind_pirq(Pirq(5), false);
        ipi = *one.channels.bind_ipi(VcpuId(1));
        unbound = *one.channels.allocate_unbound(DomainId(7));
    }
    static std::string told(Domain& domain) {
        const auto wrong = Audit(domain.channels).first_finding();
        if (!wrong) return "";
        EXPECT_EQ(wrong->domain, domain.channels.self());
        return std::string(wrong->kind) + " " + std::to_string(wrong->number) + " " + std::string(wrong->what);
    }
    static std::string of(Port port, std::string what) { return "port " + std::to_string(port.raw) + " " + what; }
    // The channel as it becomes for the length of one look.
    std::string told_with(Port port, auto change) {
        auto& guarded = Audit(one.channels).record(port)->channel;
        const auto was = guarded.with([&](Channel& channel) {
            const auto before = channel;
            change(channel);
            return before;
        });
        const auto said = told(one);
        guarded.with([&](Channel& channel) { channel = was; });
        EXPECT_EQ(told(one), "");
        return said;
    }

    Domain one{1}, other{2};
    Port here, there, virq, timer, pirq, ipi, unbound;
};

TEST_F(audit, sound_tables_agree) {
    EXPECT_EQ(told(one), "");
    EXPECT_EQ(told(other), "");
    ASSERT_TRUE(one.channels.close(here));
    ASSERT_TRUE(one.channels.close(timer));
    EXPECT_EQ(told(one), "");
    EXPECT_EQ(told(other), "");
}

TEST_F(audit, a_port_that_is_in_use_has_a_channel_and_a_free_one_has_none) {
    EXPECT_EQ(told_with(ipi, [](Channel& channel) { channel = {}; }), of(ipi, "use"));
    ASSERT_TRUE(one.channels.close(ipi));
    EXPECT_EQ(told_with(ipi, [](Channel& channel) { channel.state = State::ipi; }), of(ipi, "use"));
}

TEST_F(audit, both_ends_of_a_channel_name_each_other) {
    EXPECT_EQ(told_with(here, [](Channel& channel) { channel.peer = DomainId(9); }), of(here, "peer who is not there"));
    EXPECT_EQ(told_with(here, [&](Channel& channel) { channel.remote = &one.channels; }), of(here, "peer who is not there"));
    EXPECT_EQ(told_with(here, [](Channel& channel) { channel.number = 77; }),
              of(here, "peer's port, which does not lead back"));
    // Half closed.
    auto& theirs = Audit(other.channels).record(there)->channel;
    theirs.with([](Channel& channel) { channel = {State::unbound, DomainId(1)}; });
    EXPECT_EQ(told(one), of(here, "peer's port, which does not lead back"));
    EXPECT_EQ(told(other), "");
    Audit(one.channels).record(here)->channel.with([](Channel& channel) { channel = {State::unbound, DomainId(2)}; });
}

TEST_F(audit, an_unbound_end_waits_for_a_domain) {
    EXPECT_EQ(told_with(unbound, [](Channel& channel) { channel.peer = DomainId(DOMID_SELF); }),
              of(unbound, "domain that may bind"));
    EXPECT_EQ(told_with(unbound, [](Channel& channel) { channel.peer = DomainId(DOMID_INVALID); }), "");
}

TEST_F(audit, virqs_and_pirqs_lead_to_the_ports_that_name_them) {
    EXPECT_EQ(told_with(virq, [](Channel& channel) { channel.number = VIRQ_DOM_EXC; }), of(virq, "port of its virq"));
    EXPECT_EQ(told_with(virq, [](Channel& channel) { channel = {State::ipi}; }), "virq 2 port");
    EXPECT_EQ(told_with(timer, [](Channel& channel) { channel.number = VIRQ_DEBUG; }), of(timer, "port of its virq"));
    EXPECT_EQ(told_with(pirq, [](Channel& channel) { channel.number = 6; }), of(pirq, "port of its pirq"));
    one.pirqs[5] = ipi;
    EXPECT_EQ(told(one), of(pirq, "port of its pirq"));
    one.pirqs[5] = pirq;
}

TEST_F(audit, events_go_to_a_vcpu_that_there_is) {
    auto& route = Audit(one.channels).record(ipi)->route;
    const auto was = route.exchange({3});
    EXPECT_EQ(told(one), of(ipi, "vcpu"));
    route.store(was);
}

TEST_F(audit, the_end_of_a_queue_was_put_on_that_queue) {
    one.use_fifo();
    ASSERT_TRUE(one.channels.unmask(ipi));
    ASSERT_TRUE(one.channels.send(ipi));
    EXPECT_EQ(told(one), "");
    auto& linked = Audit(one.channels).record(ipi)->linked;
    const auto was = linked.exchange({0, 3});
    EXPECT_EQ(told(one), of(ipi, "queue it ends"));
    linked.store(was);
}

TEST_F(audit, an_event_waits_for_no_page_but_one_that_has_not_come) {
    const auto unsaid = [&](Port port) {
        auto& linked = Audit(one.channels).record(port)->linked;
        const auto was = linked.load();
        linked.store({was.vcpu, was.priority, true});
        const auto said = told(one);
        linked.store(was);
        return said;
    };
    one.shared.evtchn_pending[0] |= std::uint64_t{1} << 40;      // a free port: the guest may
    ASSERT_TRUE(one.channels.init_control(VcpuId(0), one.page(0), 0));
    EXPECT_TRUE(Audit(one.channels).record(Port(40))->linked.load().unseen);
    EXPECT_EQ(told(one), "");
    ASSERT_TRUE(one.channels.expand_array(one.page(2)));
    EXPECT_EQ(told(one), "");
    EXPECT_EQ(unsaid(Port(40)), of(Port(40), "event that is not said"));
    EXPECT_EQ(unsaid(ipi), of(ipi, "event that is not said"));
}

TEST_F(audit, every_page_that_is_held_is_named_once) {
    one.use_fifo(2);
    std::vector<Mfn> pages;
    Audit(one.channels).for_each_page([&](Mfn mfn) { pages.push_back(mfn); });
    std::ranges::sort(pages);
    EXPECT_EQ(pages, (std::vector{Mfn(0), Mfn(1), Mfn(2), Mfn(3)}));   // two array pages, two control blocks
    Audit(other.channels).for_each_page([](Mfn) { FAIL(); });
}

TEST_F(audit, what_was_said_of_a_free_port_is_not_remembered) {
    one.use_fifo();
    ASSERT_TRUE(one.channels.close(ipi));
    ASSERT_TRUE(one.channels.set_priority(ipi, 2));   // as on Xen
    ASSERT_EQ(*one.channels.bind_ipi(VcpuId(1)), ipi);
    EXPECT_EQ(Audit(one.channels).record(ipi)->route.load(), (Route{1, default_priority}));
}

}  // namespace
}  // namespace basalt::events
