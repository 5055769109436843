#include "events_world.hpp"

#include <cstdlib>

#include "abi/xen.hpp"
#include "events/audit.hpp"

namespace basalt::interleaved::signalling {

Domain::Domain(std::uint16_t number) : channels(DomainId(number)), all{{{channels, VcpuId(0)}, {channels, VcpuId(1)}}} {
    channels.place_shared_info(&shared);
    for (VcpuEvents& vcpu : all) {
        channels.add_vcpu(vcpu);
        vcpu.place_info(&shared.vcpu_info[vcpu.id().raw]);
    }
}

void World::begin() {
    forget_regions();
    make(&pages_.object);
    make(&one_.object, std::uint16_t{1});
    make(&two_.object, std::uint16_t{2});
    const auto second = [&](Domain& domain, DomainId peer) {
        const auto first_page = static_cast<unsigned>(pages_.object.taken);
        for (const Port port : {joined, waiting})
            if (domain.channels.allocate_unbound(peer) != port) std::abort();
        return first_page;
    };
    watch("domain 1", one(), second(one(), DomainId(2)), 1);
    watch("domain 2", two(), second(two(), DomainId(1)), 9);
    // The lowest that is free is joined.
    static_cast<void>(two().channels.close(joined));
    if (two().channels.bind_interdomain(one().channels, joined) != joined) std::abort();
    for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu) take(vcpu);
    for (const auto& act : before) act.perform(*this, 0);
}

void World::watch(const std::string& name, Domain& domain, unsigned first_page, Guarded guarded) {
    const auto& pages = pages_.object.pages;
    if (pages_.object.taken != first_page + 3) std::abort();
    const auto* const records = reinterpret_cast<const PortRecord*>(&pages[first_page + 1]);
    add(name, domain.channels, Accesses::watched, guarded);
    add(name + ", ports in use", &pages[first_page + 2], &pages[first_page + 2][8], Accesses::merged, guarded);
    for (unsigned number = 0; number < 4; ++number)
        add(name + ", port " + std::to_string(number), records[number], Accesses::watched, guarded + 1 + number);
    for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu) {
        const auto of_vcpu = name + ", vcpu " + std::to_string(vcpu);
        add(of_vcpu, domain.all[vcpu], Accesses::watched, guarded + 5 + vcpu);
        add(of_vcpu + "'s info", domain.shared.vcpu_info[vcpu], Accesses::watched);
    }
    add(name + ", who sleeps", domain.asleep, Accesses::watched);
    add(name + ", waits to come", domain.next_wait, Accesses::merged);
    add(name + ", pending", domain.shared.evtchn_pending[0], Accesses::watched);
    add(name + ", masked", domain.shared.evtchn_mask[0], Accesses::watched);
}

void World::run(unsigned cpu) {
    for (const auto& act : programs[cpu]) {
        begin_act();
        act.perform(*this, cpu);
    }
}

void* World::take_page() { return pages_.object.take(); }

bool World::sleeps(unsigned vcpu) { return two().asleep[vcpu].load() != Domain::awake; }

void World::poll(unsigned vcpu, std::span<const evtchn_port_t> ports) {
    if (sleeps(vcpu)) return;
    two().next_wait[vcpu] = Domain::a_port;
    if (!two().all[vcpu].poll(ports, 0)) std::abort();
}

void World::block(unsigned vcpu) {
    if (sleeps(vcpu)) return;
    two().next_wait[vcpu] = Domain::any_event;
    two().all[vcpu].wait();
}

void World::take(unsigned vcpu) {
    if (sleeps(vcpu)) return;
    vcpu_info& info = two().shared.vcpu_info[vcpu];
    if (std::atomic_ref(info.evtchn_upcall_pending).exchange(0) == 0) return;
    if (std::atomic_ref(info.evtchn_pending_sel).exchange(0) == 0) return;
    const std::atomic_ref pending(two().shared.evtchn_pending[0]);
    const std::atomic_ref mask(two().shared.evtchn_mask[0]);
    pending.fetch_and(~(pending.load() & ~mask.load()));
}

// Whoever sleeps has nothing to see to; and when all have looked, nothing is left that they might see.
std::string World::left_over() {
    for (Domain* const domain : {&one(), &two()})
        if (const auto wrong = events::Audit(domain->channels).first_finding())
            return std::string(wrong->kind) + " " + std::to_string(wrong->number) + ": " + std::string(wrong->what);
    for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu) {
        if (!sleeps(vcpu)) continue;
        const auto name = "vcpu " + std::to_string(vcpu);
        if (two().all[vcpu].upcall_due()) return name + " sleeps though it has an upcall";
        if (two().asleep[vcpu] == Domain::a_port && *two().channels.is_pending(joined))
            return name + " sleeps though the port that it polls is pending";
    }
    for (unsigned vcpu = 0; vcpu < vcpus; ++vcpu) two().asleep[vcpu] = Domain::awake, take(vcpu);
    return (two().shared.evtchn_pending[0] & ~two().shared.evtchn_mask[0]) == 0 ? "" : "an event that no vcpu was told of";
}

}    // namespace basalt::interleaved::signalling

// What events ask of the rest of Basalt.
namespace basalt::events {

using interleaved::signalling::World;

namespace {

using interleaved::signalling::Domain;

void wake(VcpuEvents& vcpu) {
    auto& two = World::now().two();
    if (&vcpu.domain() == &two.channels) two.asleep[vcpu.id().raw].store(Domain::awake);
}

}    // namespace

void notify(VcpuEvents& vcpu) { wake(vcpu); }
void begin_wait(VcpuEvents& vcpu) {
    auto& two = World::now().two();
    two.asleep[vcpu.id().raw].store(two.next_wait[vcpu.id().raw]);
}
void end_wait(VcpuEvents& vcpu) { wake(vcpu); }
bool other_news_due(VcpuEvents&) { return false; }
void set_poll_timeout(VcpuEvents&, std::uint64_t) { std::abort(); }
void stop_poll_timeout(VcpuEvents&) {}

Result<> connect_pirq(EventChannels&, Pirq, Port, bool) { return refuse(Error::invalid); }
void disconnect_pirq(EventChannels&, Pirq) {}
void move_pirq(EventChannels&, Pirq, VcpuId) {}
Port port_of_pirq(EventChannels&, Pirq) { return Port(0); }
Result<void*> take_table_page() {
    auto* const page = World::now().take_page();
    if (page == nullptr) return refuse(Error::no_memory);
    return page;
}
void give_table_page(void*) {}
void drop_shared_page(Mfn) {}

EventChannels* channels_of(DomainId id) {
    auto& world = World::now();
    return id.raw == 1 ? &world.one().channels : id.raw == 2 ? &world.two().channels : nullptr;
}

}    // namespace basalt::events
