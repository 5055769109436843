// Two domains with two ports each: from every state that calls can lead to, every call is made. What it answers and
// what becomes of all ports has to be what a model of a few lines says.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <queue>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "events/world.hpp"

namespace basalt::events {
namespace {

using world::Domain;

constexpr std::uint32_t ports = 2;   // numbers 1 and 2

struct End {
    State state = State::free;
    unsigned peer = 0;      // domain: 0 or 1
    unsigned number = 0;
    auto operator<=>(const End&) const = default;
};
using Model = std::array<std::array<End, ports + 1>, 2>;

struct Call {
    enum Kind { allocate, bind, timer, global, ipi, pirq, close, send } kind;
    unsigned domain;
    unsigned peer = 0;
    unsigned port = 0;
};

std::vector<Call> all_calls() {
    std::vector<Call> calls;
    for (unsigned domain : {0u, 1u}) {
        for (unsigned peer : {0u, 1u}) {
            calls.push_back({Call::allocate, domain, peer});
            for (unsigned port = 1; port <= ports; ++port) calls.push_back({Call::bind, domain, peer, port});
        }
        calls.push_back({Call::timer, domain});
        calls.push_back({Call::pirq, domain});
        if (domain == 0) calls.push_back({Call::global, domain});
        if (domain == 1) calls.push_back({Call::ipi, domain});
        for (unsigned port = 1; port <= ports; ++port) {
            calls.push_back({Call::close, domain, 0, port});
            calls.push_back({Call::send, domain, 0, port});
        }
    }
    return calls;
}

using Answer = Result<unsigned>;   // the port, or 0

Answer take(Model& model, unsigned domain, End end) {
    for (unsigned port = 1; port <= ports; ++port) {
        if (model[domain][port].state != State::free) continue;
        model[domain][port] = end;
        return port;
    }
    return refuse(Error::no_space);
}

bool bound(const Model& model, unsigned domain, End end) {
    return std::ranges::find(model[domain], end) != model[domain].end();
}

Answer join(Model& model, const Call& call) {
    const auto waiting = model[call.peer][call.port];
    auto next = model;
    const auto port = take(next, call.domain, {State::interdomain, call.peer, call.port});
    if (!port) return port;
    if (waiting != End{State::unbound, call.domain}) return refuse(Error::invalid);
    next[call.peer][call.port] = {State::interdomain, call.domain, *port};
    model = next;
    return port;
}

Answer predict(Model& model, const Call& call) {
    auto& end = model[call.domain][call.port];
    switch (call.kind) {
        case Call::allocate: return take(model, call.domain, {State::unbound, call.peer});
        case Call::bind: return join(model, call);
        case Call::timer:
        case Call::global: {
            const End virq{State::virq, 0, call.kind == Call::timer ? 0u + VIRQ_TIMER : 0u + VIRQ_DOM_EXC};
            return bound(model, call.domain, virq) ? refuse(Error::exists) : take(model, call.domain, virq);
        }
        case Call::ipi: return take(model, call.domain, {State::ipi});
        case Call::pirq: {
            auto next = model;
            const auto port = take(next, call.domain, {State::pirq, 0, 9});
            if (port && bound(model, call.domain, {State::pirq, 0, 9})) return refuse(Error::exists);
            model = next;
            return port;
        }
        case Call::close:
            if (end.state == State::free) return refuse(Error::invalid);
            if (end.state == State::interdomain) model[end.peer][end.number] = {State::unbound, call.domain};
            end = {};
            return 0;
        case Call::send:
            if (end.state == State::interdomain || end.state == State::ipi || end.state == State::unbound) return 0;
            return refuse(Error::invalid);
    }
    return 0;
}

struct Real {
    Domain one{0}, other{1};
    Real() {
        one.channels.limit_ports(ports + 1);
        other.channels.limit_ports(ports + 1);
    }
    Domain& domain(unsigned number) { return number == 0 ? one : other; }

    Answer make(const Call& call) {
        auto& channels = domain(call.domain).channels;
        const auto port_of = [](Result<Port> port) { return port.transform([](Port got) { return got.raw; }); };
        const auto nothing = [](Result<> done) { return done.transform([] { return 0u; }); };
        switch (call.kind) {
            case Call::allocate: return port_of(channels.allocate_unbound(DomainId(static_cast<std::uint16_t>(call.peer))));
            case Call::bind: return port_of(channels.bind_interdomain(domain(call.peer).channels, Port(call.port)));
            case Call::timer: return port_of(channels.bind_virq(Virq(VIRQ_TIMER), VcpuId(0)));
            case Call::global: return port_of(channels.bind_virq(Virq(VIRQ_DOM_EXC), VcpuId(0)));
            case Call::ipi: return port_of(channels.bind_ipi(VcpuId(0)));
            case Call::pirq: return port_of(channels.bind_pirq(Pirq(9), false));
            case Call::close: return nothing(channels.close(Port(call.port)));
            case Call::send: return nothing(channels.send(Port(call.port)));
        }
        return 0;
    }

    Model seen() {
        Model model;
        for (unsigned number : {0u, 1u})
            for (unsigned port = 1; port <= ports; ++port) model[number][port] = end(domain(number).channels, Port(port));
        return model;
    }
    static End end(EventChannels& channels, Port port) {
        const auto status = channels.status(port);
        if (!status) return {};
        switch (status->status) {
            case EVTCHNSTAT_unbound: return {State::unbound, status->u.unbound.dom};
            case EVTCHNSTAT_interdomain: return {State::interdomain, status->u.interdomain.dom, status->u.interdomain.port};
            case EVTCHNSTAT_pirq: return {State::pirq, 0, status->u.pirq};
            case EVTCHNSTAT_virq: return {State::virq, 0, status->u.virq};
            case EVTCHNSTAT_ipi: return {State::ipi};
            default: return {};
        }
    }
};

TEST(model, every_call_in_every_state_does_what_the_model_says) {
    const auto calls = all_calls();
    std::map<Model, std::vector<Call>> known{{Model{}, {}}};
    std::queue<Model> unexplored({Model{}});
    while (!unexplored.empty()) {
        const auto state = unexplored.front();
        unexplored.pop();
        const auto path = known[state];
        for (const auto& call : calls) {
            Real real;
            for (const auto& earlier : path) static_cast<void>(real.make(earlier));
            auto next = state;
            const auto expected = predict(next, call);
            ASSERT_EQ(real.make(call), expected) << "call " << call.kind << " after " << path.size() << " others";
            ASSERT_EQ(real.seen(), next);
            ASSERT_EQ(real.one.pirqs.size() + real.other.pirqs.size(),
                      static_cast<unsigned>(bound(next, 0, {State::pirq, 0, 9}) + bound(next, 1, {State::pirq, 0, 9})));
            if (known.contains(next)) continue;
            known[next] = path;
            known[next].push_back(call);
            unexplored.push(next);
        }
    }
    EXPECT_GT(known.size(), 1000u);
    EXPECT_EQ(world::table_pages, 0);
}

}  // namespace
}  // namespace basalt::events
