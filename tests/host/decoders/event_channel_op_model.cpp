#include "decoders/event_channel_op_model.hpp"

#include <algorithm>
#include <cstring>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"

namespace basalt::decoders {
namespace {

constexpr std::uint32_t ports_known_at_once = 128, words_in_page = page_size / sizeof(event_word_t);

// The structure, told as it was changed if the call succeeds.
template <typename Structure>
struct Told {
    explicit Told(std::span<std::byte> at) : bytes(at) { std::memcpy(&value, at.data(), sizeof value); }
    Result<> tell() const {
        std::memcpy(bytes.data(), &value, sizeof value);
        return {};
    }
    std::span<std::byte> bytes;
    Structure value;
};
template <typename Structure>
Structure read(std::span<std::byte> at) {
    return Told<Structure>(at).value;
}

bool is_of_one_vcpu(std::uint32_t virq) {
    return virq == VIRQ_TIMER || virq == VIRQ_DEBUG || virq == VIRQ_XENOPROF || virq == VIRQ_XENPMU;
}

}  // namespace

Result<> EventChannelModel::call(std::size_t caller, std::uint32_t command, std::span<std::byte> structure) {
    raised_.reset();
    switch (command) {
        case EVTCHNOP_alloc_unbound: return alloc_unbound(caller, structure);
        case EVTCHNOP_bind_interdomain: return bind_interdomain(caller, structure);
        case EVTCHNOP_bind_virq: return bind_virq(caller, structure);
        case EVTCHNOP_bind_pirq: return bind_pirq(caller, structure);
        case EVTCHNOP_bind_ipi: return bind_ipi(caller, structure);
        case EVTCHNOP_bind_vcpu: return bind_vcpu(caller, structure);
        case EVTCHNOP_close: return close(caller, structure);
        case EVTCHNOP_send: return send(caller, structure);
        case EVTCHNOP_status: return status(caller, structure);
        case EVTCHNOP_unmask: return unmask(caller, structure);
        case EVTCHNOP_reset: return reset(caller, structure);
        case EVTCHNOP_init_control: return init_control(caller, structure);
        case EVTCHNOP_expand_array: return expand_array(caller, structure);
        case EVTCHNOP_set_priority: return set_priority(caller, structure);
        default: return refuse(Error::not_implemented);
    }
}

void EventChannelModel::clear_the_rest(std::uint32_t command, std::span<std::byte> structure) {
    if (command != EVTCHNOP_status) return;
    const auto told = read<evtchn_status_t>(structure);
    std::ranges::fill(structure, std::byte{0});
    Told<evtchn_status_t> kept(structure);
    kept.value.dom = told.dom;
    kept.value.port = told.port;
    kept.value.status = told.status;
    kept.value.vcpu = told.vcpu;
    if (told.status == EVTCHNSTAT_unbound) kept.value.u.unbound.dom = told.u.unbound.dom;
    if (told.status == EVTCHNSTAT_interdomain) {
        kept.value.u.interdomain.dom = told.u.interdomain.dom;
        kept.value.u.interdomain.port = told.u.interdomain.port;
    }
    if (told.status == EVTCHNSTAT_pirq) kept.value.u.pirq = told.u.pirq;
    if (told.status == EVTCHNSTAT_virq) kept.value.u.virq = told.u.virq;
    static_cast<void>(kept.tell());
}

std::size_t EventChannelModel::held_pages() const {
    std::size_t pages = 0;
    for (const auto& ports : domains_)
        pages += ports.array.size() + static_cast<std::size_t>(std::ranges::count(ports.has_control, true));
    return pages;
}

Result<std::size_t> EventChannelModel::living(std::size_t caller, std::uint16_t id) const {
    if (id == DOMID_SELF) return caller;
    if (id >= World::domain_count || domains_[id].dying) return refuse(Error::no_such_process);
    return id;
}

Result<std::size_t> EventChannelModel::acted_for(std::size_t caller, std::uint16_t id) const {
    const std::size_t domain = TRY(living(caller, id));
    if (domain != caller && caller != 0) return refuse(Error::not_permitted);    // domain 0 is the privileged one
    return domain;
}

bool EventChannelModel::is_known(const PortsOf& ports, std::uint32_t port) const {
    return ports.known.contains(port / ports_known_at_once);
}

// A free port is not given out while its word is still in a queue of the guest's.
bool EventChannelModel::is_linked(std::size_t domain, std::uint32_t port) const {
    const auto& ports = domains_[domain];
    if (!ports.fifo || port / words_in_page >= ports.array.size()) return false;
    event_word_t word;
    const auto& page = world_.memory(domain)[ports.array[port / words_in_page]];
    std::memcpy(&word, page.bytes.data() + port % words_in_page * sizeof word, sizeof word);
    return (word >> EVTCHN_FIFO_LINKED & 1) != 0;
}

Result<std::uint32_t> EventChannelModel::lowest_free(std::size_t domain) {
    constexpr unsigned most_passed_over = 1024;
    auto& ports = domains_[domain];
    if (ports.dying) return refuse(Error::invalid);
    const std::uint32_t end = ports.fifo ? EVTCHN_FIFO_NR_CHANNELS : EVTCHN_2L_NR_CHANNELS;
    unsigned passed_over = 0;
    for (std::uint32_t port = 1; port < end && passed_over < most_passed_over; ++port) {
        if (ports.bound.contains(port)) continue;
        if (!is_linked(domain, port)) {
            ports.known.insert(port / ports_known_at_once);
            return port;
        }
        ++passed_over;
    }
    return refuse(Error::no_space);
}

Result<std::uint32_t> EventChannelModel::bind(std::size_t domain, const Port& port) {
    const std::uint32_t number = TRY(lowest_free(domain));
    domains_[domain].bound[number] = port;
    return number;
}

void EventChannelModel::close(std::size_t domain, std::uint32_t port) {
    const Port was = domains_[domain].bound.at(port);
    domains_[domain].bound.erase(port);
    if (was.status == EVTCHNSTAT_interdomain) {
        auto& there = domains_[was.peer].bound.at(was.number);
        there = {.status = EVTCHNSTAT_unbound, .vcpu = there.vcpu, .peer = static_cast<std::uint16_t>(domain)};
    }
}

void EventChannelModel::raise(std::size_t domain, std::uint32_t port) {
    if (!domains_[domain].fifo) raised_ = End{domain, port};
}

Result<> EventChannelModel::alloc_unbound(std::size_t caller, std::span<std::byte> structure) {
    Told<evtchn_alloc_unbound_t> request(structure);
    const std::size_t owner = TRY(acted_for(caller, request.value.dom));
    const auto peer = request.value.remote_dom == DOMID_SELF ? static_cast<domid_t>(caller) : request.value.remote_dom;
    request.value.port = TRY(bind(owner, {.status = EVTCHNSTAT_unbound, .peer = peer}));
    return request.tell();
}

Result<> EventChannelModel::bind_interdomain(std::size_t caller, std::span<std::byte> structure) {
    Told<evtchn_bind_interdomain_t> request(structure);
    const std::size_t remote = TRY(living(caller, request.value.remote_dom));
    const std::uint32_t port = TRY(lowest_free(caller));
    const auto there = domains_[remote].bound.find(request.value.remote_port);
    if (there == domains_[remote].bound.end() || there->second.status != EVTCHNSTAT_unbound || there->second.peer != caller)
        return refuse(Error::invalid);
    there->second = {.status = EVTCHNSTAT_interdomain,
                     .vcpu = there->second.vcpu,
                     .peer = static_cast<std::uint16_t>(caller),
                     .number = port};
    domains_[caller].bound[port] = {
        .status = EVTCHNSTAT_interdomain, .peer = static_cast<std::uint16_t>(remote), .number = request.value.remote_port};
    raise(caller, port);
    request.value.local_port = port;
    return request.tell();
}

Result<> EventChannelModel::bind_virq(std::size_t caller, std::span<std::byte> structure) {
    Told<evtchn_bind_virq_t> request(structure);
    const auto [virq, vcpu] = std::pair(request.value.virq, request.value.vcpu);
    if (virq >= NR_VIRQS || (!is_of_one_vcpu(virq) && vcpu != 0)) return refuse(Error::invalid);
    if (vcpu >= World::vcpus_each) return refuse(Error::no_entry);
    for (const auto& [number, port] : domains_[caller].bound)
        if (port.status == EVTCHNSTAT_virq && port.number == virq && (!is_of_one_vcpu(virq) || port.vcpu == vcpu))
            return refuse(Error::exists);
    request.value.port = TRY(bind(caller, {.status = EVTCHNSTAT_virq, .vcpu = vcpu, .number = virq}));
    return request.tell();
}

Result<> EventChannelModel::bind_pirq(std::size_t caller, std::span<std::byte> structure) {
    Told<evtchn_bind_pirq_t> request(structure);
    if (request.value.pirq >= pirq_end) return refuse(Error::invalid);
    const std::uint32_t free = TRY(lowest_free(caller));
    for (const auto& [number, port] : domains_[caller].bound)
        if (port.status == EVTCHNSTAT_pirq && port.number == request.value.pirq) return refuse(Error::exists);
    domains_[caller].bound[free] = {.status = EVTCHNSTAT_pirq, .number = request.value.pirq};
    request.value.port = free;
    return request.tell();
}

Result<> EventChannelModel::bind_ipi(std::size_t caller, std::span<std::byte> structure) {
    Told<evtchn_bind_ipi_t> request(structure);
    if (request.value.vcpu >= World::vcpus_each) return refuse(Error::no_entry);
    request.value.port = TRY(bind(caller, {.status = EVTCHNSTAT_ipi, .vcpu = request.value.vcpu}));
    return request.tell();
}

Result<> EventChannelModel::bind_vcpu(std::size_t caller, std::span<std::byte> structure) {
    const auto request = read<evtchn_bind_vcpu_t>(structure);
    if (request.vcpu >= World::vcpus_each) return refuse(Error::no_entry);
    const auto port = domains_[caller].bound.find(request.port);
    if (port == domains_[caller].bound.end() || port->second.status == EVTCHNSTAT_ipi) return refuse(Error::invalid);
    if (port->second.status == EVTCHNSTAT_virq && is_of_one_vcpu(port->second.number)) return refuse(Error::invalid);
    port->second.vcpu = request.vcpu;
    return {};
}

Result<> EventChannelModel::close(std::size_t caller, std::span<std::byte> structure) {
    const auto request = read<evtchn_close_t>(structure);
    if (!domains_[caller].bound.contains(request.port)) return refuse(Error::invalid);
    close(caller, request.port);
    return {};
}

Result<> EventChannelModel::send(std::size_t caller, std::span<std::byte> structure) {
    const auto request = read<evtchn_send_t>(structure);
    const auto port = domains_[caller].bound.find(request.port);
    if (port == domains_[caller].bound.end()) return refuse(Error::invalid);
    switch (port->second.status) {
        case EVTCHNSTAT_interdomain: raise(port->second.peer, port->second.number); return {};
        case EVTCHNSTAT_ipi: raise(caller, request.port); return {};
        case EVTCHNSTAT_unbound: return {};
        default: return refuse(Error::invalid);
    }
}

Result<> EventChannelModel::status(std::size_t caller, std::span<std::byte> structure) {
    Told<evtchn_status_t> request(structure);
    const auto& ports = domains_[TRY(acted_for(caller, request.value.dom))];
    if (!is_known(ports, request.value.port)) return refuse(Error::invalid);
    evtchn_status_t told{.dom = request.value.dom, .port = request.value.port};
    const auto found = ports.bound.find(request.value.port);
    const Port port = found == ports.bound.end() ? Port{.status = EVTCHNSTAT_closed} : found->second;
    told.status = port.status;
    told.vcpu = port.vcpu;
    if (port.status == EVTCHNSTAT_unbound) told.u.unbound.dom = port.peer;
    if (port.status == EVTCHNSTAT_interdomain) {
        told.u.interdomain.dom = port.peer;
        told.u.interdomain.port = port.number;
    }
    if (port.status == EVTCHNSTAT_pirq) told.u.pirq = port.number;
    if (port.status == EVTCHNSTAT_virq) told.u.virq = port.number;
    request.value = told;
    return request.tell();
}

Result<> EventChannelModel::unmask(std::size_t caller, std::span<std::byte> structure) {
    if (!is_known(domains_[caller], read<evtchn_unmask_t>(structure).port)) return refuse(Error::invalid);
    return {};
}

Result<> EventChannelModel::reset(std::size_t caller, std::span<std::byte> structure) {
    const std::size_t domain = TRY(acted_for(caller, read<evtchn_reset_t>(structure).dom));
    auto& ports = domains_[domain];
    while (!ports.bound.empty()) close(domain, ports.bound.begin()->first);
    ports.fifo = false;
    ports.has_control = {};
    ports.array.clear();
    return {};
}

Result<> EventChannelModel::init_control(std::size_t caller, std::span<std::byte> structure) {
    Told<evtchn_init_control_t> request(structure);
    auto& ports = domains_[caller];
    if (request.value.vcpu >= World::vcpus_each) return refuse(Error::no_entry);
    if (request.value.offset > page_size - sizeof(evtchn_fifo_control_block_t) || request.value.offset % 8 != 0)
        return refuse(Error::invalid);
    if (request.value.control_gfn >= guest_pages || ports.has_control[request.value.vcpu]) return refuse(Error::invalid);
    ports.fifo = ports.has_control[request.value.vcpu] = true;
    request.value.link_bits = EVTCHN_FIFO_LINK_BITS;
    return request.tell();
}

Result<> EventChannelModel::expand_array(std::size_t caller, std::span<std::byte> structure) {
    const auto request = read<evtchn_expand_array_t>(structure);
    auto& ports = domains_[caller];
    if (request.array_gfn >= guest_pages) return refuse(Error::invalid);
    if (!ports.fifo) return refuse(Error::not_supported);
    if (ports.array.size() == EVTCHN_FIFO_NR_CHANNELS / words_in_page) return refuse(Error::no_space);
    ports.array.push_back(request.array_gfn);
    return {};
}

Result<> EventChannelModel::set_priority(std::size_t caller, std::span<std::byte> structure) {
    const auto request = read<evtchn_set_priority_t>(structure);
    if (!is_known(domains_[caller], request.port)) return refuse(Error::invalid);
    if (!domains_[caller].fifo) return refuse(Error::not_implemented);
    if (request.priority > EVTCHN_FIFO_PRIORITY_MIN) return refuse(Error::invalid);
    return {};
}

}  // namespace basalt::decoders
