#include "paging/take.hpp"

#include "core/lock.hpp"
#include "paging/descriptor.hpp"
#include "paging/named.hpp"
#include "translations/flush.hpp"

namespace basalt::paging {

namespace {

// What is waited for is a bounded step of another CPU's, or lies in its owner's list, of which the caller takes apart one
// table. Then it comes again.
constexpr unsigned most_waits = 2000;

struct Held {
    FrameWord before;
    FrameWord after;
    unsigned index;    // where a check at rest goes on
};

// As Xen: busy is the answer for a writable mapping alone; a table or descriptor page that cannot be is
// invalid.
Error error_for(Use wanted) { return wanted == Use::writable ? Error::busy : Error::invalid; }

// Translations made for the former use must be gone before the new one counts.
void forget_former_use(Mfn mfn, const Held& held) {
    if (held.before.users() == 0 && held.before.use() != Use::none && held.before.use() != held.after.use())
        flush_cpus(frame(mfn).cpus_behind());
}

// It changed hands before we held it: its new owner shall find it as it was. It remembers our use as its last
// one, so what the use before that left behind must be gone; a check that was at rest rests again.
void leave_to_new_owner(Mfn mfn, const Held& held) {
    if (held.after.checked()) return drop_use_and_reference(mfn);
    if (held.before.partial()) {
        static_cast<void>(frame(mfn).apply([](FrameWord word) { return word.rest_half_checked(); }));
        return;
    }
    forget_former_use(mfn, held);
    leave_unchecked(mfn);
}

// A reference and a use, checked or not. Someone else's unfinished check is waited for. Meanwhile the owner's
// dropped tables are undone, for this may be one of them, and the owner may be paused.
Result<Held> take_both(Mfn mfn, Use wanted, DomainMemory& owner, Budget& budget) {
    if (!has_record(mfn)) return refuse(Error::invalid);
    Frame& record = frame(mfn);
    for (unsigned waits = 0;; ++waits) {
        if (!record.is_of(owner.id)) return refuse(Error::invalid);
        const auto taken = record.apply([=](FrameWord word) { return word.take_both(wanted); });
        if (taken) {
            const Held held{taken->before, taken->after, taken->before.partial() ? record.owner_word().index() : 0};
            if (record.is_of(owner.id)) return held;
            leave_to_new_owner(mfn, held);
            return refuse(Error::invalid);
        }
        if (taken.error() != FrameRefusal::check_unfinished) return refuse(error_for(wanted));
        if (waits == most_waits || budget.over()) return refuse(Error::again);
        if (!undo_one(owner, budget)) while_waiting();
    }
}

void finish(Mfn mfn) {
    static_cast<void>(frame(mfn).apply([](FrameWord word) { return word.finish_check(); }));
}

// All or none. No processor writes the page meanwhile, but a device may, by DMA: so each is judged as it is read.
bool permit_descriptors(Mfn mfn) {
    auto& descriptors = table_at(mfn);
    for (const auto descriptor : descriptors)
        if (!permitted_descriptor(descriptor)) return false;
    for (auto& descriptor : descriptors) {
        const auto permitted = permitted_descriptor(descriptor);
        if (!permitted) return false;
        descriptor = *permitted;
    }
    return true;
}

}    // namespace

Outcome take_use_while(Mfn mfn, Use use, DomainMemory& owner, Budget& budget, const Checking* checking) {
    if (checking != nullptr && checking->includes(mfn)) return refuse(Error::invalid);    // a linear page table
    const auto held = take_both(mfn, use, owner, budget);
    if (!held) return held.error() == Error::again ? Outcome(Again{}) : Outcome(refuse(held.error()));
    if (held->after.checked()) return {};
    forget_former_use(mfn, *held);
    return check_table(mfn, level_of(use), held->index, owner, budget, checking);
}

namespace {

// One that is checked already, as most are that are loaded, or linked once more.
bool take_checked(Mfn mfn, Use use, const DomainMemory& owner) {
    if (!has_record(mfn) || !frame(mfn).is_of(owner.id) || frame(mfn).word().use() != use) return false;
    if (!frame(mfn).apply([](FrameWord word) { return word.take_as_table(); })) return false;
    if (frame(mfn).is_of(owner.id) && frame(mfn).word().use() == use) [[likely]]
        return true;
    drop_use_and_reference(mfn);    // it was another's, or another table, in between
    return false;
}

}    // namespace

Step<FrameUse> take_use(Mfn mfn, Use use, DomainMemory& owner, Budget& budget) {
    if (take_checked(mfn, use, owner)) [[likely]]
        return FrameUse::adopt(mfn);
    TRY(take_use_while(mfn, use, owner, budget, nullptr));
    return FrameUse::adopt(mfn);
}

// Mostly a page like any other, with nothing to wait for and nothing to flush.
Result<FrameUse> take_writable(Mfn mfn, DomainMemory& owner) {
    if (!has_record(mfn)) return refuse(Error::invalid);
    Frame& record = frame(mfn);
    if (record.is_of(owner.id) && record.apply([](FrameWord word) { return word.take_writable_at_once(); })) [[likely]] {
        FrameUse use = FrameUse::adopt(mfn);
        if (record.is_of(owner.id)) [[likely]]
            return use;
        return refuse(Error::invalid);
    }
    Budget help(entries_per_table);
    return take_writable(mfn, owner, help);
}

Result<FrameUse> take_writable(Mfn mfn, DomainMemory& owner, Budget& budget) {
    const auto held = TRY(take_both(mfn, Use::writable, owner, budget));
    if (!held.after.checked()) {
        forget_former_use(mfn, held);
        finish(mfn);
    }
    return FrameUse::adopt(mfn);
}

Result<FrameUse> take_descriptors(Mfn mfn, DomainMemory& owner) {
    Budget help(entries_per_table);
    const auto held = TRY(take_both(mfn, Use::descriptors, owner, help));
    if (!held.after.checked()) {
        forget_former_use(mfn, held);
        if (!permit_descriptors(mfn)) {
            leave_unchecked(mfn);
            return refuse(Error::invalid);
        }
        finish(mfn);
    }
    return FrameUse::adopt(mfn);
}

}    // namespace basalt::paging
