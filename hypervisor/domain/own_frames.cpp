#include "domain/own_frames.hpp"

#include "domain/domain.hpp"
#include "memory/m2p.hpp"
#include "memory/reservation.hpp"
#include "paging/take.hpp"
#include "translations/flush.hpp"

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

// Its vcpus see what its tables say by now.
void forget(const Domain& domain) { flush_cpus(cpus_that_know({domain.id}, online_cpus())); }

// By a grant: what lies there goes by that grant's end alone.
bool is_lent(const Domain& domain, nested::Entry there) { return there.present() && !frame(there.mfn()).is_of(domain.id); }

// `before`: where the frame has been until now. Where something is there already, tables are as well: then nothing is refused.
Result<> place(Domain& domain, Pfn page, FrameUse frame, Pfn before) {
    const Mfn mfn = frame.mfn();
    // Its entry in the M2P is the domain's for as long: the guest may take the frame out of its tables at once, and free it.
    const auto held = TRY(FrameReference::take(mfn, domain.id));
    const auto there = domain.nested.find(page);
    if (there.present() && there.mfn() == mfn) return {};
    if (is_lent(domain, there)) return refuse(Error::no_device_or_address);
    if (const auto was = domain.nested.unmap(page)) static_cast<void>(release_frame(domain.memory, *was));
    TRY(domain.nested.map(page, std::move(frame)));
    if (before != page) static_cast<void>(domain.nested.unmap(before, mfn));
    set_m2p(mfn, page.raw);
    forget(domain);
    return {};
}

template <typename Held>
Result<> show(Domain& domain, Pfn page, Held held) {
    const auto before = domain.nested.find(page);
    TRY(domain.nested.map(page, std::move(held)));
    if (!before.present()) return {};   // what was nothing is nothing that a processor remembers
    if (!is_lent(domain, before) && m2p_of(before.mfn()) == page.raw) set_m2p(before.mfn(), m2p_invalid);
    forget(domain);
    return {};
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
    for (std::uint64_t n = 0; n < std::uint64_t{1} << order; ++n) {
        if (is_lent(domain, domain.nested.find(first + n))) return refuse(Error::no_device_or_address);
        TRY(release_frame(domain.memory, TRY(domain.nested.unmap(first + n))));
    }
    return {};
}

Result<Mfn> machine_number(const Domain& domain, Pfn page) {
    if (domain.kind == GuestKind::pv) return Mfn(page.raw);
    const auto entry = domain.nested.find(page);
    if (!entry.present()) return refuse(Error::no_entry);
    return entry.mfn();
}

Result<> place_frame(Domain& domain, Pfn page, Mfn mfn) {
    auto frame = TRY(paging::take_writable(mfn, domain.memory));
    return place(domain, page, std::move(frame), Pfn(m2p_of(mfn)));
}

Result<> move_frame(Domain& domain, Pfn from, Pfn to) {
    auto frame = TRY(paging::take_writable(TRY(machine_number(domain, from)), domain.memory));
    return place(domain, to, std::move(frame), from);
}

Result<> unplace_frame(Domain& domain, Pfn page) {
    const auto frame = TRY(own_frame(domain, page, false));
    if (!basalt::frame(frame.mfn()).is_of(domain.id)) return refuse(Error::no_entry);
    if (m2p_of(frame.mfn()) == page.raw) set_m2p(frame.mfn(), m2p_invalid);
    TRY(domain.nested.unmap(page, frame.mfn()));
    forget(domain);
    return {};
}

Result<> show_frame(Domain& domain, Pfn page, FrameUse frame) { return show(domain, page, std::move(frame)); }
Result<> show_frame(Domain& domain, Pfn page, FrameReference frame) { return show(domain, page, std::move(frame)); }

Result<FrameReference> own_frame(const Domain& domain, Pfn page, bool to_write) {
    auto taken = TRY(domain.nested.take(page));
    if (to_write && !taken.writable) return refuse(Error::not_permitted);
    return std::move(taken.frame);
}

}   // namespace basalt
