// The record of each machine frame, and the only code that changes one.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "abi/xen.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/frame_word.hpp"
#include "translations/flush.hpp"

namespace basalt {

// Owners that are no domain, numbered as the ABI numbers them.
inline constexpr DomainId owner_io{DOMID_IO};    // not RAM: device memory and holes
inline constexpr DomainId owner_hypervisor{DOMID_XEN};
inline constexpr DomainId owner_nobody{DOMID_INVALID};    // free

// Word 2: bits 0-14 owner (so written that a zeroed record is not RAM), or the last one where bit 15 says that
// it is free; 16-47 epoch of the last drop, 48-57 index of a check at rest, 58-59 who beside the owner may
// know it, 62 charged to its owner's account, 63 held by its owner (the reference that allocation gave is not
// yet given back).
class OwnerWord {
public:
    constexpr OwnerWord() = default;
    constexpr explicit OwnerWord(std::uint64_t raw) : raw_(raw) {}
    constexpr OwnerWord(DomainId owner, FlushEpoch epoch)
        : raw_(std::uint64_t{coded(owner.raw)} | std::uint64_t{epoch.raw} << 16) {}

    constexpr std::uint64_t raw() const { return raw_; }
    constexpr DomainId owner() const { return (raw_ & free_bit) != 0 ? owner_nobody : last_owner(); }
    // owner() == domain, in fewer steps.
    constexpr bool is_of(DomainId domain) const { return static_cast<std::uint16_t>(raw_) == coded(domain.raw); }
    // By whose tables a CPU may know the frame: its owner's, though it is free by now, and those of others.
    constexpr Knowers knowers() const { return {last_owner(), static_cast<Others>(raw_ >> others_shift & 3)}; }
    constexpr FlushEpoch epoch() const { return FlushEpoch(static_cast<std::uint32_t>(raw_ >> 16)); }
    constexpr unsigned index() const { return static_cast<unsigned>(raw_ >> 48 & 1023); }
    constexpr bool charged() const { return (raw_ & charged_bit) != 0; }
    constexpr bool held() const { return (raw_ & held_bit) != 0; }

    constexpr OwnerWord with_epoch(FlushEpoch epoch) const {
        return OwnerWord((raw_ & ~(std::uint64_t{0xffff'ffff} << 16)) | std::uint64_t{epoch.raw} << 16);
    }
    constexpr OwnerWord with_index(unsigned index) const {
        return OwnerWord((raw_ & ~(std::uint64_t{1023} << 48)) | std::uint64_t{index} << 48);
    }
    constexpr OwnerWord known_to(Others others) const {
        const auto known = std::max(knowers().others, others);
        return OwnerWord((raw_ & ~(std::uint64_t{3} << others_shift)) | static_cast<std::uint64_t>(known) << others_shift);
    }
    constexpr OwnerWord freed(FlushEpoch now) const {
        return OwnerWord(last_owner(), now).known_to(knowers().others).with(free_bit);
    }
    constexpr OwnerWord let_go() const { return OwnerWord(raw_ & ~held_bit); }
    constexpr OwnerWord now_held() const { return with(held_bit); }
    constexpr OwnerWord held_and_charged() const { return with(held_bit | charged_bit); }

private:
    static constexpr std::uint64_t free_bit = std::uint64_t{1} << 15;
    static constexpr unsigned others_shift = 58;
    static constexpr std::uint64_t charged_bit = std::uint64_t{1} << 62;
    static constexpr std::uint64_t held_bit = std::uint64_t{1} << 63;
    static constexpr std::uint16_t coded(std::uint16_t owner) { return owner ^ owner_io.raw; }
    constexpr DomainId last_owner() const { return DomainId(coded(static_cast<std::uint16_t>(raw_ & (free_bit - 1)))); }
    constexpr OwnerWord with(std::uint64_t bits) const { return OwnerWord(raw_ | bits); }
    std::uint64_t raw_ = 0;
};
static_assert(OwnerWord(DomainId(7), FlushEpoch(1)).is_of(DomainId(7)) &&
              !OwnerWord(DomainId(7), FlushEpoch(1)).is_of(DomainId(8)));
static_assert(!OwnerWord(DomainId(7), FlushEpoch(1)).freed(FlushEpoch(2)).is_of(DomainId(7)));
static_assert(OwnerWord{}.owner() == owner_io && owner_nobody.raw < 1 << 15);
static_assert(OwnerWord(DomainId(7), FlushEpoch(1)).known_to(Others::anybody).known_to(Others::hardware).knowers() ==
              Knowers{DomainId(7), Others::anybody});
static_assert(OwnerWord(DomainId(7), FlushEpoch(1)).held_and_charged().freed(FlushEpoch(2)).owner() == owner_nobody);
static_assert(OwnerWord(DomainId(7), FlushEpoch(1)).freed(FlushEpoch(2)).knowers() == Knowers{DomainId(7)});

// What one applied rule did.
template <typename Word>
struct Change {
    Word before;
    Word after;
};
using FrameChange = Change<FrameWord>;

// One of a record's two words, and the applier: nothing else writes one. So what has to follow owners and uses of frames (the
// tables of an IOMMU, tracking of writes, copies made on the first write) has these two places to do it in.
template <typename Word>
class FrameCell {
public:
    Word read() const { return Word(raw_.load(std::memory_order_acquire)); }

    // A rule is a function of the word: Word -> expected<Word, FrameRefusal>. While others change it too.
    template <typename Rule>
    std::expected<Change<Word>, FrameRefusal> apply(Rule rule) {
        auto raw = raw_.load(std::memory_order_acquire);
        for (;;) {
            const std::expected<Word, FrameRefusal> after = rule(Word(raw));
            if (!after) return std::unexpected(after.error());
            if (raw_.compare_exchange_weak(raw, after->raw(), std::memory_order_acq_rel, std::memory_order_acquire))
                return Change<Word>{Word(raw), *after};
        }
    }

    // By whoever alone can reach the frame.
    void become(Word word) { raw_.store(word.raw(), std::memory_order_release); }

private:
    std::atomic<std::uint64_t> raw_{0};
};

class alignas(16) Frame {
public:
    FrameWord word() const { return word_.read(); }
    OwnerWord owner_word() const { return owner_.read(); }
    DomainId owner() const { return owner_word().owner(); }
    bool is_of(DomainId domain) const { return owner_word().is_of(domain); }
    bool is_ram() const { return owner() != owner_io; }

    // A rule is a function FrameWord -> Ruled or FrameWord -> FrameWord.
    template <typename Rule>
    std::expected<FrameChange, FrameRefusal> apply(Rule rule) {
        return word_.apply(rule);
    }

    // For the allocator and start-up alone: nobody else can reach the frame, and no CPU knows it (but for take_back).
    void give_to(DomainId domain) {    // its own, charged to its account
        become(OwnerWord(domain, owner_word().epoch()).held_and_charged(), FrameWord(1, Use::none, 0, false));
    }
    // Of a record that is as the machine's start left it: free, and no CPU knows it.
    void start_free(FlushEpoch now) { become(OwnerWord(owner_hypervisor, now).freed(now), FrameWord()); }
    // Basalt's own, of which nobody can take a reference: not even one who looked when it was still a domain's, and takes now.
    // So whoever has it may make something else of it at any time.
    void keep() { become(OwnerWord(owner_hypervisor, owner_word().epoch()).now_held(), FrameWord()); }
    bool is_kept() const {
        const OwnerWord owner = owner_word();
        return owner.owner() == owner_hypervisor && owner.held() && word() == FrameWord();
    }
    // From keep(): the domain may map it, but Basalt holds it as a writable page, and it is on nobody's
    // account.
    void share_with(DomainId domain) { become(OwnerWord(domain, owner_word().epoch()), FrameWord(1, Use::writable, 1, true)); }
    // What share_with() has shared is Basalt's alone from now on, though the domain may still map it.
    void unshare() {
        update_owner([](OwnerWord word) { return OwnerWord(owner_hypervisor, word.epoch()).known_to(Others::anybody); });
    }
    void take_back() {
        word_.become(FrameWord());
        owner_.become(owner_word().freed(FlushEpoch(flush_time())));
    }

    // Somebody who holds the frame is about to have it named by tables that are not its owner's.
    void make_known_to(Others others) {
        if (owner_word().knowers().others < others) update_owner([=](OwnerWord word) { return word.known_to(others); });
    }

    // True for whoever makes the owner's frame no longer held: that one has allocation's reference, and drops it,
    // or keeps it for the owner after all.
    bool let_go(DomainId owner) {
        // Refused for a stranger's, and so not written: what is no memory has its record in a page that cannot be.
        return owner_
            .apply([=](OwnerWord word) -> std::expected<OwnerWord, FrameRefusal> {
                if (!word.is_of(owner) || !word.held()) return std::unexpected(FrameRefusal::unchanged);
                return word.let_go();
            })
            .has_value();
    }
    void hold_again() {
        update_owner([](OwnerWord word) { return word.now_held(); });
    }

    // Before a use is dropped: translations made for it die no earlier than now. The clock is read after the stamp that
    // this one replaces, which is therefore not the later one: nothing needs to be compared. (A CPU that stood between the
    // two for 2^32 ticks might be fooled; it would have to stand there for minutes.)
    void stamp() {
        static_cast<void>(owner_.apply([](OwnerWord word) -> std::expected<OwnerWord, FrameRefusal> {
            const FlushEpoch now(flush_time());
            if (word.epoch() == now) return std::unexpected(FrameRefusal::unchanged);
            return word.with_epoch(now);
        }));
    }

    // The CPUs that may still know it as it was before a use was dropped last.
    CpuMask cpus_behind() const {
        const OwnerWord word = owner_word();
        return basalt::cpus_behind(word.epoch().latest(flush_time()), word.knowers(), online_cpus());
    }

    // A list of frames that their holder alone can reach, or undoes, goes through their records, in place of
    // the epoch. Frame numbers fit: the direct map ends long before. `no_link` ends it.
    static constexpr std::uint32_t no_link = ~std::uint32_t{0};
    // What comes after it, while it is in its list.
    std::uint32_t link() const { return owner_word().epoch().raw; }
    // The frame leaves its list. A link is no time: now is later than whatever it was stamped with before.
    std::uint32_t unlink() {
        const auto next = owner_word().epoch().raw;
        stamp();
        return next;
    }
    void set_link(std::uint32_t next) {
        update_owner([=](OwnerWord word) { return word.with_epoch(FlushEpoch(next)); });
    }

    // Where a check at rest goes on: only by the check's one user.
    void note_index(unsigned index) {
        update_owner([=](OwnerWord word) { return word.with_index(index); });
    }

private:
    void become(OwnerWord owner, FrameWord word) {
        owner_.become(owner);
        word_.become(word);
    }

    // The word as it was before.
    template <typename Rule>
    OwnerWord update_owner(Rule rule) {
        return owner_.apply(rule)->before;
    }

    FrameCell<FrameWord> word_;
    FrameCell<OwnerWord> owner_;
};
static_assert(sizeof(Frame) == 16);

// Where things lie: at layout's addresses on the machine, in arrays under test. Set once, before a second CPU
// runs.
struct MemoryViews {
    Frame* frames = nullptr;
    std::byte* contents = nullptr;   // of frame 0
    std::atomic<std::uint64_t>* m2p = nullptr;   // null: unknown entries are not kept
    Mfn end{0};   // one past the last frame that has a record
};
extern MemoryViews memory_views;

inline bool has_record(Mfn mfn) { return mfn < memory_views.end; }
inline Frame& frame(Mfn mfn) { return memory_views.frames[mfn.raw]; }
inline void* contents(Mfn mfn) { return memory_views.contents + physical_of(mfn); }

// RAM that some domain or the hypervisor owns or may own; everything else is device memory or nothing.
inline bool is_ram(Mfn mfn) { return has_record(mfn) && frame(mfn).is_ram(); }

constexpr Error error_of(FrameRefusal refusal) {
    switch (refusal) {
        case FrameRefusal::frame_in_other_use: return Error::busy;
        case FrameRefusal::check_unfinished: return Error::again;
        default: return Error::invalid;
    }
}

}   // namespace basalt
