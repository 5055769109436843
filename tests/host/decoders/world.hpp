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
    std::array<std::byte, page_size> bytes{};
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
    std::span<GuestPage> memory(std::size_t number) { return memory_[number]; }
    std::size_t number_of(const Domain& domain) const;
    Domain* living(DomainId id) const;

    // `act` runs as what this vcpu calls Basalt for, on a CPU of its own.
    void as(Vcpu& vcpu, const std::function<void()>& act);

    // What the domains' rooms note must agree with each other; ends the program where it does not.
    void audit();

    std::size_t held_pages = 0;   // guest pages that events hold

    // What a domain's vcpus are told, and what ends it, for a test that wants to know.
    std::function<void(Vcpu&)> publishes_time = [](Vcpu&) {};
    std::function<void(Domain&, unsigned)> shuts_down = [](Domain&, unsigned) {};

    static World* now;

private:
    std::array<std::unique_ptr<Domain>, domain_count> domains_;
    std::array<std::vector<GuestPage>, domain_count> memory_;
};

}  // namespace basalt::decoders
