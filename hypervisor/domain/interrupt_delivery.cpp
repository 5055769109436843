// Interrupts of the machine on their way to the domain that drives it.
#include "abi/xen.hpp"
#include "devices/clock.hpp"
#include "devices/interrupts.hpp"
#include "devices/pirqs.hpp"
#include "devices/serial.hpp"
#include "domain/domain.hpp"
#include "domain/pirq_ends.hpp"
#include "events/seams.hpp"

namespace basalt {
namespace {

constexpr DomainId dom0{0};

}  // namespace

void timer_expired() { raise_here(Work::timer); }

void serial_input_arrived() {
    if (const auto domain = listed_domain(dom0)) (*domain)->events.raise_global_virq(Virq(VIRQ_CONSOLE));
}

void deliver_pirq(DomainId id, Pirq pirq) {
    const auto domain = listed_domain(id);
    if (!domain) return;
    const Port port((*domain)->pirq_ports[pirq.raw].load(std::memory_order_acquire));
    if (port != Port(0)) (*domain)->events.raise_pirq(port, pirq);
}

namespace events {

Result<> connect_pirq(EventChannels& channels, Pirq pirq, Port port, bool) {
    Domain& domain = Domain::of(channels);
    if (pirq.raw >= pirq_end) return refuse(Error::invalid);
    std::uint32_t none = 0;
    if (!domain.pirq_ports[pirq.raw].compare_exchange_strong(none, port.raw)) return refuse(Error::exists);
    const auto bound = bind_pirq(domain.id, pirq, domain.vcpu(VcpuId(0))->unit.cpu());
    if (!bound) domain.pirq_ports[pirq.raw].store(0, std::memory_order_release);
    note_pirq_end(domain, pirq);
    return bound;
}

void disconnect_pirq(EventChannels& channels, Pirq pirq) {
    Domain& domain = Domain::of(channels);
    unbind_pirq(domain.id, pirq);
    domain.pirq_ports[pirq.raw].store(0, std::memory_order_release);
    note_pirq_end(domain, pirq);
}

void move_pirq(EventChannels& channels, Pirq pirq, VcpuId to) {
    Domain& domain = Domain::of(channels);
    if (const Vcpu* vcpu = domain.vcpu(to)) basalt::move_pirq(domain.id, pirq, vcpu->unit.cpu());
}

}  // namespace events
}  // namespace basalt
