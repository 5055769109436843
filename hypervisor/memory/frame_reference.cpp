#include "memory/frame_reference.hpp"

#include "memory/allocator.hpp"
#include "memory/m2p.hpp"

namespace basalt {

// The owner is looked at before and after: before, so that a stranger's frame is not even touched; after,
// because the frame may have changed hands in between, though not while we hold it.
Result<> take_reference(Mfn mfn, DomainId owner) {
    if (!has_record(mfn)) return refuse(Error::invalid);
    Frame& record = frame(mfn);
    if (!record.is_of(owner)) return refuse(Error::invalid);
    const auto taken = record.apply([](FrameWord word) { return word.take_reference(); });
    if (!taken) return refuse(error_of(taken.error()));
    if (record.is_of(owner)) return {};
    drop_reference(mfn);
    return refuse(Error::invalid);
}

void last_reference_dropped(Mfn mfn) {
    const OwnerWord was = frame(mfn).owner_word();
    set_m2p(mfn, m2p_invalid);
    free_one_frame(mfn);
    if (!was.charged()) return;
    if (auto* domain = domain_memory_of(was.owner())) domain->remove(1);
}

void last_user_left(Mfn mfn, FrameChange change) {
    if (change.after.to_be_undone_since(change.before)) undo_later(mfn);
    if (change.after.free()) last_reference_dropped(mfn);
}

[[gnu::noinline]] void FrameReference::give_back(Mfn mfn) { drop_reference(mfn); }
[[gnu::noinline]] void FrameUse::give_back(Mfn mfn) { drop_use_and_reference(mfn); }

Result<FrameReference> FrameReference::take(Mfn mfn, DomainId owner) {
    TRY(take_reference(mfn, owner));
    return FrameReference(mfn);
}

}    // namespace basalt
