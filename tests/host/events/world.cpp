#include "events/world.hpp"

#include <cstdlib>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "events/audit.hpp"

namespace basalt::events {
namespace world {

std::atomic<int> table_pages{0};
std::atomic<int> table_pages_left{1'000'000};
std::atomic<int> shared_pages{0};

namespace {

std::map<EventChannels*, Domain*> domains;   // changed between tests only
constexpr std::size_t control_stride = 128;

}  // namespace

Domain& of(EventChannels& channels) { return *domains.at(&channels); }

Domain::Domain(std::uint16_t number, unsigned vcpu_count) : channels(DomainId(number)) {
    domains[&channels] = this;
    channels.place_shared_info(&shared);
    for (std::uint32_t vcpu = 0; vcpu < vcpu_count; ++vcpu) {
        auto& events = *vcpus.emplace_back(std::make_unique<VcpuEvents>(channels, VcpuId(vcpu)));
        events.place_info(&shared.vcpu_info[vcpu]);
        channels.add_vcpu(events);
    }
}

Domain::~Domain() {
    channels.refuse_new_ports();
    while (!channels.reset().done()) {}
    if (!pirqs.empty()) std::abort();
    domains.erase(&channels);
}

SharedPage Domain::page(std::size_t at) {
    while (pages.size() <= at) pages.push_back(std::make_unique<Page>());
    ++shared_pages;
    return SharedPage(Mfn(at), pages[at].get());
}

evtchn_fifo_control_block& Domain::control(unsigned vcpu) {
    return *reinterpret_cast<evtchn_fifo_control_block*>(pages[vcpu]->bytes.data() + control_stride);
}

event_word_t& Domain::word(Port port) {
    auto* const words = reinterpret_cast<event_word_t*>(pages[vcpus.size() + port.raw / 1024]->bytes.data());
    return words[port.raw % 1024];
}

void Domain::use_fifo(std::size_t array_pages) {
    for (std::uint32_t vcpu = 0; vcpu < vcpus.size(); ++vcpu)
        if (!channels.init_control(VcpuId(vcpu), page(vcpu), control_stride)) std::abort();
    for (std::size_t number = 0; number < array_pages; ++number)
        if (!channels.expand_array(page(vcpus.size() + number))) std::abort();
}

bool Domain::pending(Port port) { return *channels.is_pending(port); }

void Domain::clear_upcalls() {
    for (unsigned vcpu = 0; vcpu < vcpus.size(); ++vcpu) {
        info(vcpu).evtchn_upcall_pending = 0;
        info(vcpu).evtchn_pending_sel = 0;
        notified[vcpu] = 0;
    }
}

}  // namespace world

void notify(VcpuEvents& vcpu) {
    auto& domain = world::of(vcpu.domain());
    ++domain.notified[vcpu.id().raw];
    domain.waits[vcpu.id().raw] = false;
}

void begin_wait(VcpuEvents& vcpu) {
    auto& domain = world::of(vcpu.domain());
    domain.waits[vcpu.id().raw] = true;
    if (domain.as_wait_begins) domain.as_wait_begins();
}
void end_wait(VcpuEvents& vcpu) {
    auto& domain = world::of(vcpu.domain());
    ++domain.woken[vcpu.id().raw];
    domain.waits[vcpu.id().raw] = false;
}
bool other_news_due(VcpuEvents& vcpu) {
    auto& domain = world::of(vcpu.domain());
    if (domain.as_looking_ends) domain.as_looking_ends();
    return domain.nmi_due;
}
void set_poll_timeout(VcpuEvents& vcpu, std::uint64_t at) { world::of(vcpu.domain()).poll_timeout[vcpu.id().raw] = at; }
void stop_poll_timeout(VcpuEvents& vcpu) { set_poll_timeout(vcpu, 0); }

Result<> connect_pirq(EventChannels& domain, Pirq pirq, Port port, bool) {
    if (pirq.raw >= 64) return refuse(Error::invalid);
    return world::of(domain).pirqs.emplace(pirq.raw, port).second ? Result<>() : refuse(Error::exists);
}
void disconnect_pirq(EventChannels& domain, Pirq pirq) { world::of(domain).pirqs.erase(pirq.raw); }
void move_pirq(EventChannels&, Pirq, VcpuId) {}

EventChannels* channels_of(DomainId id) {
    for (auto [channels, domain] : world::domains)
        if (channels->self() == id) return channels;
    return nullptr;
}
Port port_of_pirq(EventChannels& channels, Pirq pirq) {
    auto& pirqs = world::of(channels).pirqs;
    return pirqs.contains(pirq.raw) ? pirqs[pirq.raw] : Port(0);
}

Result<void*> take_table_page() {
    if (world::table_pages_left.fetch_sub(1) <= 0) return refuse(Error::no_memory);
    ++world::table_pages;
    auto* const page = std::aligned_alloc(4096, 4096);
    std::memset(page, 0, 4096);
    return page;
}
void give_table_page(void* page) {
    --world::table_pages;
    std::free(page);
}
void drop_shared_page(Mfn) { --world::shared_pages; }

}  // namespace basalt::events
