#include "memory/reservation.hpp"

#include "core/assert.hpp"
#include "memory/frame_reference.hpp"
#include "memory/m2p.hpp"

namespace basalt {

namespace {
void enter_m2p(Mfn first, Pfn pfn, unsigned order) {
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) set_m2p(first + i, pfn.raw + i);
}
void leave_m2p(Mfn first, unsigned order) {
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) set_m2p(first + i, m2p_invalid);
}
}    // namespace

Result<Mfn> populate(DomainMemory& domain, Pfn first, Wanted wanted) {
    const Mfn mfn = TRY(allocate_for(domain, wanted));
    enter_m2p(mfn, first, wanted.order);
    return mfn;
}

Result<Mfn> increase(DomainMemory& domain, Wanted wanted) { return allocate_for(domain, wanted); }

Result<> decrease(DomainMemory& domain, Mfn first, unsigned order) {
    if (order > most_order) return refuse(Error::invalid);
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) TRY(release_frame(domain, first + i));
    return {};
}

Result<> Exchange::give(Mfn first, unsigned order) {
    if (order > most_order) return refuse(Error::invalid);
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) TRY(give_one(first + i));
    return {};
}

// Whoever makes a frame no longer held has allocation's reference, and no other: with that one taken out, nobody can
// have the frame any more.
Result<> Exchange::give_one(Mfn mfn) {
    if (!has_record(mfn)) return refuse(Error::invalid);
    Frame& record = frame(mfn);
    if (!record.let_go(domain_->id)) return refuse(Error::invalid);
    if (const auto out = record.apply([](FrameWord word) { return word.take_out(); }); !out) {
        record.hold_again();
        return refuse(out.error() == FrameRefusal::check_unfinished ? Error::again : Error::busy);
    }
    record.set_link(given_);
    given_ = static_cast<std::uint32_t>(mfn.raw);
    ++given_frames_;
    return {};
}

Result<Mfn> Exchange::want(Wanted wanted, Pfn first) {
    ASSERT(wanted_frames_ == 0 || wanted_order_ == wanted.order);
    wanted.nodes = domain_->nodes.load(std::memory_order_relaxed);
    const Mfn mfn = TRY(take_unowned(wanted));
    wanted_order_ = wanted.order;
    frame(mfn).set_link(wanted_);
    wanted_ = static_cast<std::uint32_t>(mfn.raw);
    wanted_frames_ += std::uint64_t{1} << wanted.order;
    enter_m2p(mfn, first, wanted.order);
    return mfn;
}

void Exchange::commit() {
    ASSERT(given_frames_ == wanted_frames_);
    while (wanted_ != Frame::no_link) {
        const Mfn first(wanted_);
        wanted_ = frame(first).unlink();
        own(*domain_, first, wanted_order_);
    }
    while (given_ != Frame::no_link) {
        const Mfn mfn(given_);
        given_ = frame(mfn).unlink();
        set_m2p(mfn, m2p_invalid);
        free_one_frame(mfn);
    }
}

Exchange::~Exchange() {
    put_wanted_back();
    keep_given();
}

void Exchange::keep_given() {
    while (given_ != Frame::no_link) {
        Frame& record = frame(Mfn(given_));
        given_ = record.unlink();
        static_cast<void>(record.apply([](FrameWord word) { return word.put_back(); }));
        record.hold_again();
    }
}

void Exchange::put_wanted_back() {
    while (wanted_ != Frame::no_link) {
        const Mfn first(wanted_);
        wanted_ = frame(first).unlink();
        leave_m2p(first, wanted_order_);
        put_unowned_back(first, wanted_order_);
    }
}

}    // namespace basalt
