// A grant in use: its entry is pinned, its frame is held. Both end with this.
#pragma once

#include <utility>

#include "grants/grant_table.hpp"

namespace basalt::grants {

// A frame held for as long as a grant is used: as a writable page, or so that it merely stays what it is.
class HeldFrame {
public:
    HeldFrame() = default;
    HeldFrame(HeldFrame&& other) noexcept : mfn_(std::exchange(other.mfn_, no_mfn)), writable_(other.writable_) {}
    HeldFrame& operator=(HeldFrame&& other) noexcept {
        std::swap(mfn_, other.mfn_);
        std::swap(writable_, other.writable_);
        return *this;
    }
    [[gnu::always_inline]] ~HeldFrame() {    // most have been moved from
        if (mfn_ != no_mfn) give_back();
    }

    static Result<HeldFrame> take(Mfn mfn, DomainId owner, bool writable) {
        if (writable) return HeldFrame(TRY(hold_writable(mfn, owner)).into_table(), true);
        return HeldFrame(TRY(FrameReference::take(mfn, owner)).into_table(), false);
    }
    // Into a mapping's record, and back.
    static HeldFrame adopt(Mfn mfn, bool writable) { return HeldFrame(mfn, writable); }
    void into_record() && { mfn_ = no_mfn; }

    Mfn mfn() const { return mfn_; }

private:
    void give_back();
    HeldFrame(Mfn mfn, bool writable) : mfn_(mfn), writable_(writable) {}
    Mfn mfn_ = no_mfn;
    bool writable_ = false;
};

class GrantUse {
public:
    GrantUse(GrantUse&& other) noexcept
        : table_(std::exchange(other.table_, nullptr)), reference_(other.reference_), pins_(other.pins_), count_(other.count_),
          frame_(std::move(other.frame_)) {}
    GrantUse& operator=(GrantUse&&) = delete;
    [[gnu::always_inline]] ~GrantUse() {
        if (table_ != nullptr) end();
    }

    // By the processor, by devices, or both.
    static StatusOr<GrantUse> begin(GrantTable& table, GrantRef reference, DomainId grantee, bool host, bool device,
                                    bool writing);
    static GrantUse adopt(GrantTable& table, GrantRef reference, bool host, bool device, HeldFrame frame, bool writing);
    void into_record() && {
        std::move(frame_).into_record();
        table_ = nullptr;
    }

    Mfn frame() const { return frame_.mfn(); }

private:
    void end();
    GrantUse(GrantTable& table, GrantRef reference) : table_(&table), reference_(reference) {}

    GrantTable* table_;
    GrantRef reference_;
    std::array<Pin, 2> pins_{};
    unsigned count_ = 0;
    HeldFrame frame_;
};

}  // namespace basalt::grants
