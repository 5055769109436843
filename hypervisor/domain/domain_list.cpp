#include "domain/domain_list.hpp"

#include <array>
#include <atomic>

#include "abi/xen.hpp"
#include "core/lock.hpp"
#include "domain/domain.hpp"
#include "domain/passage.hpp"
#include "machine/entry.hpp"

namespace basalt {
namespace {

// Both lists are only changed under the lock, and read without: an element that has left still leads on.
constexpr std::size_t buckets = 256;
constinit std::array<std::atomic<Domain*>, buckets> by_hash{};
constinit std::atomic<Domain*> first_domain{nullptr};

struct Changes {
    Domain* leaving = nullptr;   // out of the list, and nobody's after their passage
    DomainId last_given{0};
};
constinit Guarded<Changes, Rank::domain_list> changes;

constinit std::atomic<Domain*> dead{nullptr};   // still listed

std::atomic<Domain*>& bucket_of(DomainId id) { return by_hash[id.raw % buckets]; }

// Where the domain is linked, or has to be: behind the last one with a smaller number.
std::atomic<Domain*>& place_of(DomainId id) {
    auto* place = &first_domain;
    for (Domain* at = place->load(); at != nullptr && at->id < id; at = place->load()) place = &at->links.next;
    return *place;
}

bool is_leaving(const Changes& changes, DomainId id) {
    for (const Domain* at = changes.leaving; at != nullptr; at = at->links.next_dead)
        if (at->id == id) return true;
    return false;
}

bool is_used(const Changes& changes, DomainId id) { return listed_domain(id).has_value() || is_leaving(changes, id); }

void unlink(Domain& domain) {
    place_of(domain.id).store(domain.links.next.load());
    auto* place = &bucket_of(domain.id);
    while (place->load() != &domain) place = &place->load()->links.next_in_bucket;
    place->store(domain.links.next_in_bucket.load());
}

void unlist_the_dead() {
    for (Domain* next = dead.exchange(nullptr); next != nullptr;) {
        Domain& domain = *std::exchange(next, next->links.next_dead);
        changes.with([&](Changes& changes) {
            unlink(domain);
            domain.links.unlisted = begin_passage();
            domain.links.next_dead = changes.leaving;
            changes.leaving = &domain;
        });
        tell_tools_of_end();
    }
}

// The first whose passage is over, no longer among the leaving.
Domain* take_one_nobody_has() {
    return changes.with([](Changes& changes) -> Domain* {
        for (Domain** place = &changes.leaving; *place != nullptr; place = &(*place)->links.next_dead) {
            if (!is_over((*place)->links.unlisted)) continue;
            return std::exchange(*place, (*place)->links.next_dead);
        }
        return nullptr;
    });
}

}  // namespace

Result<Domain*> listed_domain(DomainId id) {
    Domain* at = bucket_of(id).load(std::memory_order_acquire);
    while (at != nullptr && at->id != id) at = at->links.next_in_bucket.load(std::memory_order_acquire);
    if (at == nullptr) return refuse(Error::no_such_process);
    return at;
}

Domain* domain_from(DomainId first) {
    Domain* at = first_domain.load(std::memory_order_acquire);
    while (at != nullptr && at->id < first) at = domain_after(*at);
    return at;
}

Domain* domain_after(const Domain& domain) { return domain.links.next.load(std::memory_order_acquire); }

Result<> enter_into_list(Domain& domain) {
    return changes.with([&](Changes& changes) -> Result<> {
        if (is_used(changes, domain.id)) return refuse(Error::exists);
        auto& place = place_of(domain.id);
        domain.links.next.store(place.load());
        domain.links.next_in_bucket.store(bucket_of(domain.id).load());
        place.store(&domain, std::memory_order_release);
        bucket_of(domain.id).store(&domain, std::memory_order_release);
        return {};
    });
}

Result<DomainId> unused_domain_id() {
    return changes.with([](Changes& changes) -> Result<DomainId> {
        for (std::uint32_t tried = 0; tried < DOMID_FIRST_RESERVED; ++tried) {
            const DomainId id(static_cast<std::uint16_t>((changes.last_given.raw + 1) % DOMID_FIRST_RESERVED));
            changes.last_given = id;
            if (id != DomainId(0) && !is_used(changes, id)) return id;
        }
        return refuse(Error::no_memory);
    });
}

void bury(Domain& domain) {
    domain.links.next_dead = dead.load();
    while (!dead.compare_exchange_weak(domain.links.next_dead, &domain)) {}
    raise_here(Work::passage);
}

Domain* first_leaving_domain() {
    return changes.with([](const Changes& changes) { return changes.leaving; });
}

// One at a time: what there is of a domain is some thousand pages.
void bury_the_dead() {
    unlist_the_dead();
    Domain* const domain = take_one_nobody_has();
    if (domain == nullptr) return;
    take_apart(*domain);
    raise_here(Work::passage);
    poll_interrupts();
}

}   // namespace basalt
