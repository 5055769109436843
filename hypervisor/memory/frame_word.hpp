// Word 1 of a frame's record: who may touch the frame, what it is used for, and by how many. Pure: frame.hpp
// applies these rules, and nothing else writes the word.
//
//   A. Users fix the use: no frame is writable and a page table at once.
//   B. Until a frame's check is finished it has one user: whoever checks it, or undoes it.
//   C. Each user holds a reference too; a frame without references is free.
//   D. A frame without users remembers its last use: translations made for that use may still be cached, so
//   that
//      another use begins unchecked and is finished only when those caches are flushed.
#pragma once

#include <cstdint>
#include <expected>

#include "core/number.hpp"

namespace basalt {

enum class Use : std::uint8_t { none, writable, l1_table, l2_table, l3_table, l4_table, descriptors };

constexpr bool is_table(Use use) { return use >= Use::l1_table && use <= Use::l4_table; }
constexpr bool needs_check(Use use) { return use > Use::writable; }
constexpr PageLevel level_of(Use table) { return PageLevel(static_cast<unsigned>(table) - 1); }
constexpr Use table_of_level(PageLevel level) { return static_cast<Use>(level.raw + 1); }
static_assert(table_of_level(leaf_level) == Use::l1_table && level_of(Use::l4_table) == root_level);

// Why a rule says no. Only check_unfinished passes by itself: wait, or come again.
enum class FrameRefusal : std::uint8_t {
    frame_free,
    frame_in_other_use,
    check_unfinished,
    too_many,
    pinned_already,
    not_pinned,
    unchanged,    // as wanted already
};

class FrameWord;
using Ruled = std::expected<FrameWord, FrameRefusal>;

// Bits 0-31 references, 32-55 users, 56-59 use, 60 checked, 61 partial, 62 pinned, 63 tracked.
class FrameWord {
public:
    static constexpr std::uint32_t most_references = 0xffff'ffff;
    static constexpr std::uint32_t most_users = 0xff'ffff;

    constexpr FrameWord() = default;
    constexpr explicit FrameWord(std::uint64_t raw) : raw_(raw) {}
    constexpr FrameWord(std::uint32_t references, Use use, std::uint32_t users, bool checked)
        : raw_(references | std::uint64_t{users} << users_shift | use_bits(use) | (checked ? checked_bit : 0)) {}

    constexpr std::uint64_t raw() const { return raw_; }
    constexpr std::uint32_t references() const { return static_cast<std::uint32_t>(raw_); }
    constexpr std::uint32_t users() const { return static_cast<std::uint32_t>(raw_ >> users_shift) & most_users; }
    constexpr Use use() const { return static_cast<Use>(raw_ >> use_shift & 15); }
    constexpr bool checked() const { return (raw_ & checked_bit) != 0; }
    constexpr bool partial() const { return (raw_ & partial_bit) != 0; }    // a check rests half done
    constexpr bool pinned() const { return (raw_ & pinned_bit) != 0; }
    constexpr bool tracked() const { return (raw_ & tracked_bit) != 0; }    // log-dirty or copy-on-write, later
    constexpr bool free() const { return references() == 0; }

    constexpr bool sound() const {
        if (references() < users()) return false;
        if (users() == 0) return !checked() && !partial() && !pinned();
        if (use() == Use::none || use() > Use::descriptors) return false;
        if (!checked() && users() != 1) return false;
        if (partial() && (checked() || !is_table(use()))) return false;
        return !pinned() || (checked() && is_table(use()));
    }

    // What becomes of the word. Each keeps it sound (tests/host/memory/frame_word_test.cpp goes through all small states).
    constexpr Ruled take_reference() const;
    constexpr Ruled take_both(Use wanted) const;    // a reference and a use at once
    constexpr Ruled take_as_table() const;    // take_both() of a table that is checked, whatever its level
    constexpr Ruled take_writable_at_once() const;    // take_both(writable) of what somebody writes already, as most pages
    constexpr FrameWord drop_reference() const { return FrameWord(raw_ - 1); }
    constexpr FrameWord drop_both() const;    // the last user of a table becomes who undoes it
    constexpr FrameWord finish_check() const { return FrameWord(raw_ | checked_bit); }
    constexpr FrameWord finish_undo() const { return FrameWord((raw_ & ~partial_bit) - one_user - 1); }
    constexpr FrameWord rest_half_checked() const { return FrameWord(raw_ | partial_bit); }
    constexpr Ruled pin() const;         // the caller's reference and use become the pin's
    constexpr Ruled unpin() const;       // and the pin's become the caller's
    constexpr Ruled take_out() const;    // all of it: the one reference, and no users
    constexpr FrameWord put_back() const { return FrameWord(raw_ + 1); }

    // Whoever made this word out of `before` by a drop has the frame's check to undo.
    constexpr bool to_be_undone_since(FrameWord before) const { return before.checked() && !checked() && users() == 1; }

    friend constexpr bool operator==(FrameWord, FrameWord) = default;

private:
    static constexpr unsigned users_shift = 32;
    static constexpr unsigned use_shift = 56;
    static constexpr std::uint64_t one_user = std::uint64_t{1} << users_shift;
    static constexpr std::uint64_t use_mask = std::uint64_t{15} << use_shift;
    static constexpr std::uint64_t checked_bit = std::uint64_t{1} << 60;
    static constexpr std::uint64_t partial_bit = std::uint64_t{1} << 61;
    static constexpr std::uint64_t pinned_bit = std::uint64_t{1} << 62;
    static constexpr std::uint64_t tracked_bit = std::uint64_t{1} << 63;
    static constexpr std::uint64_t use_bits(Use use) { return std::uint64_t{static_cast<std::uint8_t>(use)} << use_shift; }

    std::uint64_t raw_ = 0;
};

constexpr Ruled FrameWord::take_reference() const {
    if (references() == 0) return std::unexpected(FrameRefusal::frame_free);
    if (references() == most_references) return std::unexpected(FrameRefusal::too_many);
    return FrameWord(raw_ + 1);
}

constexpr Ruled FrameWord::take_both(Use wanted) const {
    if (references() == 0) return std::unexpected(FrameRefusal::frame_free);
    if (references() == most_references) return std::unexpected(FrameRefusal::too_many);
    if (users() == 0) {
        const bool caches_agree = use() == Use::none || use() == wanted;
        const bool at_once = !needs_check(wanted) && caches_agree;
        return FrameWord(((raw_ & ~use_mask) | use_bits(wanted) | (at_once ? checked_bit : 0)) + one_user + 1);
    }
    if (!checked() && !partial()) return std::unexpected(FrameRefusal::check_unfinished);
    if (use() != wanted) return std::unexpected(FrameRefusal::frame_in_other_use);
    // A check at rest is its own user, with its own reference: whoever wants it done takes its place.
    if (partial()) return FrameWord(raw_ & ~partial_bit);
    if (users() == most_users) return std::unexpected(FrameRefusal::too_many);
    return FrameWord(raw_ + one_user + 1);
}

constexpr Ruled FrameWord::take_as_table() const {
    static_assert(checked_bit == std::uint64_t{16} << use_shift);    // so one look sees both
    constexpr std::uint64_t first = 16 + static_cast<std::uint64_t>(Use::l1_table);
    constexpr std::uint64_t last = 16 + static_cast<std::uint64_t>(Use::l4_table);
    const std::uint64_t use_and_check = raw_ >> use_shift & 31;
    if (use_and_check < first || use_and_check > last) return std::unexpected(FrameRefusal::frame_in_other_use);
    if (references() == most_references || users() == most_users) return std::unexpected(FrameRefusal::too_many);
    return FrameWord(raw_ + one_user + 1);
}

constexpr Ruled FrameWord::take_writable_at_once() const {
    const bool is_writable = (raw_ & (use_mask | checked_bit | partial_bit)) == (use_bits(Use::writable) | checked_bit);
    if (!is_writable || references() == most_references || users() == most_users)
        return std::unexpected(FrameRefusal::check_unfinished);
    return FrameWord(raw_ + one_user + 1);
}

constexpr FrameWord FrameWord::drop_both() const {
    if (users() > 1) return FrameWord(raw_ - one_user - 1);
    if (is_table(use())) return FrameWord(raw_ & ~checked_bit);    // who undoes keeps both till the end
    return FrameWord((raw_ & ~checked_bit) - one_user - 1);
}

constexpr Ruled FrameWord::take_out() const {
    if (references() == 0) return std::unexpected(FrameRefusal::frame_free);
    if (users() == 1 && !checked() && !partial()) return std::unexpected(FrameRefusal::check_unfinished);
    if (references() != 1 || users() != 0) return std::unexpected(FrameRefusal::frame_in_other_use);
    return FrameWord(raw_ - 1);
}

constexpr Ruled FrameWord::pin() const {
    if (pinned()) return std::unexpected(FrameRefusal::pinned_already);
    return FrameWord(raw_ | pinned_bit);
}

constexpr Ruled FrameWord::unpin() const {
    if (!pinned()) return std::unexpected(FrameRefusal::not_pinned);
    return FrameWord(raw_ & ~pinned_bit);
}

}    // namespace basalt
