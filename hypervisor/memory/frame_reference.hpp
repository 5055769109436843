// Holding a frame. Whatever is taken is given back by a destructor, or leaves C++ by name for a table or a
// record.
#pragma once

#include <utility>

#include "memory/frame.hpp"

namespace basalt {

// These are the plain acts; prefer the guards below. Dropping the last reference frees the frame. Dropping
// the last use of a table hands it to `undo_later`, with its last use and reference.
Result<> take_reference(Mfn mfn, DomainId owner);

void undo_later(Mfn mfn);                // seam: supplied by paging/
void last_reference_dropped(Mfn mfn);    // back to the allocator; its owner's account is lowered
void last_user_left(Mfn mfn, FrameChange change);    // what follows from it

inline void drop_reference(Mfn mfn) {
    const auto dropped = frame(mfn).apply([](FrameWord word) { return word.drop_reference(); });
    if (dropped->after.free()) [[unlikely]]
        last_reference_dropped(mfn);
}

// By whoever has it in this use.
[[gnu::always_inline]] inline void drop_use_and_reference_of(Mfn mfn, Use use) {
    Frame& record = frame(mfn);
    // A table is stamped when it has been undone. Everyone else stamps, not only the last: a late last one
    // may have read the clock before the others' entries went.
    if (!is_table(use)) record.stamp();
    const auto dropped = record.apply([](FrameWord word) { return word.drop_both(); });
    if (dropped->before.users() == 1) [[unlikely]]
        last_user_left(mfn, *dropped);
}
inline void drop_use_and_reference(Mfn mfn) { drop_use_and_reference_of(mfn, frame(mfn).word().use()); }

// The frame stays what it is and belongs to its owner.
class FrameReference {
public:
    FrameReference() = default;
    FrameReference(FrameReference&& other) noexcept : mfn_(std::exchange(other.mfn_, no_mfn)) {}
    FrameReference& operator=(FrameReference&& other) noexcept {
        std::swap(mfn_, other.mfn_);
        return *this;
    }
    [[gnu::always_inline]] ~FrameReference() {    // most have been moved from, as the compiler sees here
        if (mfn_ != no_mfn) give_back(mfn_);
    }

    // Refused as invalid where the frame is not RAM or belongs to somebody else.
    static Result<FrameReference> take(Mfn mfn, DomainId owner);
    static FrameReference adopt(Mfn mfn) { return FrameReference(mfn); }
    Mfn into_table() && { return std::exchange(mfn_, no_mfn); }

    Mfn mfn() const { return mfn_; }
    explicit operator bool() const { return mfn_ != no_mfn; }

private:
    static void give_back(Mfn mfn);
    explicit FrameReference(Mfn mfn) : mfn_(mfn) {}
    Mfn mfn_ = no_mfn;
};

// The frame also stays in one use. paging/ knows how to take a use that needs a check: see paging/take.hpp.
class FrameUse {
public:
    FrameUse() = default;
    FrameUse(FrameUse&& other) noexcept : mfn_(std::exchange(other.mfn_, no_mfn)) {}
    FrameUse& operator=(FrameUse&& other) noexcept {
        std::swap(mfn_, other.mfn_);
        return *this;
    }
    [[gnu::always_inline]] ~FrameUse() {
        if (mfn_ != no_mfn) give_back(mfn_);
    }

    static FrameUse adopt(Mfn mfn) { return FrameUse(mfn); }
    Mfn into_table() && { return std::exchange(mfn_, no_mfn); }

    Mfn mfn() const { return mfn_; }
    explicit operator bool() const { return mfn_ != no_mfn; }

private:
    static void give_back(Mfn mfn);
    explicit FrameUse(Mfn mfn) : mfn_(mfn) {}
    Mfn mfn_ = no_mfn;
};

}    // namespace basalt
