#include "domain/pirq_ends.hpp"

#include "domain/shared_frames.hpp"

namespace basalt {

static_assert(pirq_end <= page_size * 8);

Result<> publish_pirq_ends(Domain& domain, Pfn number) {
    auto page = TRY(share_guest_page(domain, number));
    auto* const bits = reinterpret_cast<std::uint64_t*>(page.at());
    std::uint64_t* none = nullptr;
    if (!domain.pirq_ends.compare_exchange_strong(none, bits)) return refuse(Error::busy);
    domain.pirq_ends_page = std::move(page);
    for (Pirq pirq(0); pirq.raw < pirq_end; ++pirq) note_pirq_end(domain, pirq);
    return {};
}

void note_pirq_end(Domain& domain, Pirq pirq) {
    auto* const bits = domain.pirq_ends.load(std::memory_order_acquire);
    if (bits == nullptr) return;
    const std::atomic_ref<std::uint64_t> word(bits[pirq.raw / 64]);
    const auto bit = std::uint64_t{1} << (pirq.raw % 64);
    const bool bound = domain.pirq_ports[pirq.raw].load(std::memory_order_relaxed) != 0;
    if (bound && pirq_needs_end(domain.id, pirq))
        word.fetch_or(bit);
    else
        word.fetch_and(~bit);
}

}  // namespace basalt
