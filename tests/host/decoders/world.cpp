#include "decoders/world.hpp"

#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "abi/xen.hpp"
#include "debug/log.hpp"
#include "domain/shared_frames.hpp"
#include "domain/guest_messages.hpp"
#include "domain/guest_time.hpp"
#include "domain/run.hpp"
#include "events/audit.hpp"
#include "hypercalls/commands.hpp"
#include "memory/heap.hpp"

namespace basalt {
namespace decoders {

World* World::now = nullptr;

namespace {

// A vcpu of no kind in particular.
class PlayedVcpu final : public Vcpu {
public:
    PlayedVcpu(Domain& owner, VcpuId number) : Vcpu(owner, number) {}
};

// A CPU finds itself by its stack: here that is a thread's.
struct alignas(layout::cpu_block_size) CpuBlock {
    std::array<std::byte, layout::cpu_block_size> bytes;
};

struct Run {
    const std::function<void()>& act;
};

void* run(void* argument) {
    static_cast<Run*>(argument)->act();
    return nullptr;
}

shared_info_t* shared_page() {
    auto* const page = std::aligned_alloc(page_size, page_size);
    std::memset(page, 0, page_size);
    return static_cast<shared_info_t*>(page);
}

}  // namespace

GuestMemory::GuestMemory() : file_(memfd_create("guest", 0)) {
    constexpr std::size_t size = guest_pages * page_size;
    if (file_ < 0 || ftruncate(file_, size) != 0) std::abort();
    void* const at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    if (at == MAP_FAILED) std::abort();
    pages_ = {static_cast<GuestPage*>(at), guest_pages};
}

GuestMemory::~GuestMemory() {
    munmap(pages_.data(), pages_.size_bytes());
    close(file_);
}

void* GuestMemory::shown_again(std::size_t page) const {
    void* const at = mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, file_, static_cast<off_t>(page * page_size));
    if (at == MAP_FAILED) std::abort();
    return at;
}

World::World() {
    now = this;
    for (std::size_t number = 0; number < domain_count; ++number) {
        const DomainId id(static_cast<std::uint16_t>(number));
        auto& domain = *(domains_[number] = std::make_unique<Domain>(
                             DomainWishes{.id = id, .privileged = number == 0, .vcpu_limit = vcpus_each}));
        domain.shared_info = shared_page();
        domain.events.place_shared_info(domain.shared_info);
        const auto add_vcpus = [](Steering& steering) { return steering.add_vcpus(); };
        if (!domain.control.try_with(add_vcpus, refuse(Error::busy))) std::abort();
    }
}

World::~World() {
    for (auto& domain : domains_) {
        domain->events.refuse_new_ports();
        while (!domain->events.reset().done()) {}
    }
    for (auto& domain : domains_) {
        shared_info_t* const shared = domain->shared_info;
        domain.reset();
        std::free(shared);
    }
    if (held_pages_ != 0) std::abort();
    for (void* const page : lent_) {
        __asan_unpoison_memory_region(page, page_size);
        munmap(page, page_size);
    }
    now = nullptr;
}

std::size_t World::number_of(const Domain& domain) const { return domain.id.raw; }

events::SharedPage World::lend(const Domain& domain, std::size_t page) {
    const Mfn number(lent_.size());
    lent_.push_back(memory_[number_of(domain)].shown_again(page));
    ++held_pages_;
    return {number, lent_.back()};
}

// It stays where it is until the end, so that nothing else comes to be there.
void World::take_back(Mfn number) {
    __asan_poison_memory_region(lent_[number.raw], page_size);
    --held_pages_;
}

Domain* World::living(DomainId id) const { return id.raw < domain_count ? domains_[id.raw].get() : nullptr; }

void World::as(Vcpu& vcpu, const std::function<void()>& act) {
    static CpuBlock block;
    Cpu& cpu = *new (block.bytes.data()) Cpu;
    cpu.running_vcpu = &vcpu;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, block.bytes.data() + page_size, block.bytes.size() - page_size);
    pthread_t thread;
    Run argument{act};
    if (pthread_create(&thread, &attributes, run, &argument) != 0) std::abort();
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

void World::audit() {
    for (auto& domain : domains_) {
        const auto wrong = events::Audit(domain->events).first_finding();
        if (!wrong) continue;
        std::fprintf(stderr, "domain %u, %.*s %lx, %.*s: found %lx, expected %lx\n", wrong->domain.raw,
                     static_cast<int>(wrong->kind.size()), wrong->kind.data(), wrong->number,
                     static_cast<int>(wrong->what.size()), wrong->what.data(), wrong->found, wrong->expected);
        std::abort();
    }
}

namespace {

// Where in its memory the running vcpu's guest finds this address, and how much of `size` is there.
std::pair<std::byte*, std::size_t> place(std::uint64_t address, std::size_t size) {
    auto& world = *World::now;
    const std::size_t whole = guest_pages * page_size;
    if (address < guest_memory || address - guest_memory >= whole) return {nullptr, 0};
    const std::size_t offset = address - guest_memory;
    auto* const bytes = reinterpret_cast<std::byte*>(world.memory(world.number_of(running().domain)).data());
    return {bytes + offset, std::min(size, whole - offset)};
}

}  // namespace
}  // namespace decoders

using decoders::World;

// --- the machine ---

std::size_t copy_from_guest(void* to, std::uint64_t guest, std::size_t size) {
    const auto [from, there] = decoders::place(guest, size);
    if (there != 0) std::memcpy(to, from, there);
    return size - there;
}
std::size_t copy_to_guest(std::uint64_t guest, const void* from, std::size_t size) {
    const auto [to, there] = decoders::place(guest, size);
    if (there != 0) std::memcpy(to, from, there);
    return size - there;
}

// --- guests/, domain/ ---

// The callers are PV guests.
Result<> read_by_walk(const Vcpu&, std::span<std::byte>, std::uint64_t) { return refuse(Error::bad_address); }
Result<> write_by_walk(const Vcpu&, std::uint64_t, std::span<const std::byte>) { return refuse(Error::bad_address); }

Result<Vcpu*> make_vcpu(Domain& domain, VcpuId number) { return new decoders::PlayedVcpu(domain, number); }
void note_upcall(Vcpu&) {}
void destroy_vcpu(Vcpu& vcpu) { delete &static_cast<decoders::PlayedVcpu&>(vcpu); }
void strip(Domain&) {}

Result<Domain*> listed_domain(DomainId id) {
    Domain* const domain = World::now->living(id);
    if (domain == nullptr) return refuse(Error::no_such_process);
    return domain;
}
Domain* domain_from(DomainId) { std::abort(); }   // tools look so, and none of these guests is one

// Frame numbers are those of the caller's own pages.
Result<events::SharedPage> share_guest_page(Domain& domain, Pfn page) {
    if (page.raw >= decoders::guest_pages) return refuse(Error::invalid);
    return World::now->lend(domain, page.raw);
}

Scheduler& scheduler() {
    static Scheduler all;
    static const bool begun = (all.bring_online(CpuId(0)), true);
    static_cast<void>(begun);
    return all;
}
void kick(CpuId) {}
Timers& timers() {
    static Timers all;
    return all;
}
void program_timer(Instant) {}
void raise_timer_virq(VcpuTimers&) {}
void end_of_poll(VcpuTimers&) {}
void publish_time(Vcpu& vcpu) { World::now->publishes_time(vcpu); }
void shut_down(Domain& domain, unsigned reason) { World::now->shuts_down(domain, reason); }
bool may_tell_about(Domain&, Level) { return false; }
void log_line(Level, std::string_view, std::span<const Argument>) {}

// No domain has a page or a grant table of Basalt's own here.
void give_page_shared_with(Mfn) { std::abort(); }
Result<Mfn> grants::numbered_by_itself(DomainId, std::uint64_t) { return refuse(Error::no_entry); }
Result<Mfn> grants::take_shared_frame(DomainId) { return refuse(Error::no_memory); }
Result<void*> grants::take_record_page() { return refuse(Error::no_memory); }
void grants::give_shared_frame(Mfn) { std::abort(); }
void grants::give_record_page(void*) { std::abort(); }

void hypercalls::command_missing(std::string_view, std::uint32_t, Missing) {}

namespace events {

void drop_shared_page(Mfn number) { World::now->take_back(number); }
void notify(VcpuEvents&) {}
void begin_wait(VcpuEvents&) {}
void end_wait(VcpuEvents&) {}
bool other_news_due(VcpuEvents&) { return false; }
void set_poll_timeout(VcpuEvents&, std::uint64_t) {}
void stop_poll_timeout(VcpuEvents&) {}

Result<> connect_pirq(EventChannels& channels, Pirq pirq, Port port, bool) {
    std::uint32_t none = 0;
    Domain& domain = Domain::of(channels);
    if (!domain.pirq_ports[pirq.raw].compare_exchange_strong(none, port.raw)) return refuse(Error::exists);
    return {};
}
void disconnect_pirq(EventChannels& channels, Pirq pirq) { Domain::of(channels).pirq_ports[pirq.raw] = 0; }
void move_pirq(EventChannels&, Pirq, VcpuId) {}

EventChannels* channels_of(DomainId id) {
    Domain* const domain = World::now->living(id);
    return domain != nullptr ? &domain->events : nullptr;
}
Port port_of_pirq(EventChannels& channels, Pirq pirq) { return Port(Domain::of(channels).pirq_ports[pirq.raw].load()); }

Result<void*> take_table_page() {
    auto* const page = std::aligned_alloc(page_size, page_size);
    std::memset(page, 0, page_size);
    return page;
}
void give_table_page(void* page) { std::free(page); }

}  // namespace events
}  // namespace basalt
