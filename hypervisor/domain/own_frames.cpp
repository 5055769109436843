#include "domain/own_frames.hpp"

#include "domain/domain.hpp"
#include "memory/reservation.hpp"
#include "paging/take.hpp"

namespace basalt {
namespace {

Result<> enter(Domain& domain, Pfn page, Mfn mfn) {
    return domain.nested.map(page, TRY(paging::take_writable(mfn, domain.memory)));
}

// As many of an extent's frames as its tables name are there no more, and none of them is the domain's.
void take_back(Domain& domain, Pfn first, Mfn frames, unsigned order, std::uint64_t entered) {
    for (std::uint64_t n = 0; n < entered; ++n) static_cast<void>(domain.nested.unmap(first + n, frames + n));
    static_cast<void>(decrease(domain.memory, frames, order));
}

}   // namespace

Result<Mfn> populate(Domain& domain, Pfn first, Wanted wanted) {
    const Mfn frames = TRY(populate(domain.memory, first, wanted));
    if (domain.kind == GuestKind::pv) return frames;
    for (std::uint64_t n = 0; n < std::uint64_t{1} << wanted.order; ++n)
        if (const auto entered = enter(domain, first + n, frames + n); !entered) {
            take_back(domain, first, frames, wanted.order, n);
            return refuse(entered.error());
        }
    return frames;
}

Result<> give_up(Domain& domain, Pfn first, unsigned order) {
    if (domain.kind == GuestKind::pv) return decrease(domain.memory, Mfn(first.raw), order);
    if (order > most_order) return refuse(Error::invalid);
    for (std::uint64_t n = 0; n < std::uint64_t{1} << order; ++n)
        TRY(release_frame(domain.memory, TRY(domain.nested.unmap(first + n))));
    return {};
}

Result<FrameReference> own_frame(const Domain& domain, Pfn page, bool to_write) {
    auto taken = TRY(domain.nested.take(page));
    if (to_write && !taken.writable) return refuse(Error::not_permitted);
    return std::move(taken.frame);
}

}   // namespace basalt
