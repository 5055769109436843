// Domains whose guests make hypercalls on the host: their decoder and the rooms behind it are the real ones, the machine is
// played. A guest's memory is a few pages at `guest_memory`, and a pointer to anywhere else is a fault.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "domain/domain.hpp"

namespace basalt::decoders {

inline constexpr std::uint64_t guest_memory = 0x10000;
inline constexpr std::size_t guest_pages = 6;

struct alignas(page_size) GuestPage {
    std::array<std::byte, page_size> bytes;
};

// A guest's memory, and each page again at an address of its own for as long as Basalt holds it: where it has let one go, it
// must not look any more.
class GuestMemory {
public:
    GuestMemory();
    ~GuestMemory();
    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;

    std::span<GuestPage> pages() const { return pages_; }
    void* shown_again(std::size_t page) const;

private:
    int file_;
    std::span<GuestPage> pages_;
};

// One of a few domains, with two vcpus each; domain 0 is privileged.
class World {
public:
    static constexpr std::size_t domain_count = 3, vcpus_each = 2;

    World();
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    Domain& domain(std::size_t number) { return *domains_[number]; }
    std::span<GuestPage> memory(std::size_t number) { return memory_[number].pages(); }
    std::size_t number_of(const Domain& domain) const;
    Domain* living(DomainId id) const;

    // `act` runs as what this vcpu calls Basalt for, on a CPU of its own.
    void as(Vcpu& vcpu, const std::function<void()>& act);

    // What the domains' rooms note must agree with each other; ends the program where it does not.
    void audit();

    // Guest pages that events hold, each by a number of its own.
    events::SharedPage lend(const Domain& domain, std::size_t page);
    void take_back(Mfn number);
    std::size_t held_pages() const { return held_pages_; }

    // What a domain's vcpus are told, and what ends it, for a test that wants to know.
    std::function<void(Vcpu&)> publishes_time = [](Vcpu&) {};
    std::function<void(Domain&, unsigned)> shuts_down = [](Domain&, unsigned) {};

    static World* now;

private:
    std::array<std::unique_ptr<Domain>, domain_count> domains_;
    std::array<GuestMemory, domain_count> memory_;
    std::vector<void*> lent_;
    std::size_t held_pages_ = 0;
};

}  // namespace basalt::decoders
