// Where a guest's code page was found, and what led there: the next walk to it reads these words again, and nothing else. It is
// worth what an entry of the processor's TLB is, and goes with those: whoever takes a frame away has this CPU flush before
// somebody else gets it (svm::tag_translations). What the guest changes in its own tables is seen at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/number.hpp"
#include "machine/guest_state.hpp"

namespace basalt {

class KeptCode {
public:
    // Of the walk: entries that were read, by where they lie in the direct map.
    struct Way {
        std::array<const std::byte*, 4> places{};
        std::array<std::uint64_t, 4> entries{};
        unsigned length = 0;
        bool is_wide = false;   // of 8 bytes, or of 4
    };

    void keep(const GuestState& save, std::uint64_t linear, const Way& way, const std::byte* page) {
        key_ = Key(save, linear);
        way_ = way;
        page_ = page;
    }
    void drop() { page_ = nullptr; }

    // The page at this address. Null: it has to be looked for.
    const std::byte* find(const GuestState& save, std::uint64_t linear) const {
        if (page_ == nullptr || key_ != Key(save, linear)) return nullptr;
        for (unsigned step = 0; step < way_.length; ++step)
            if (now_at(way_.places[step]) != way_.entries[step]) return nullptr;
        return page_;
    }

private:
    struct Key {
        constexpr Key() = default;
        Key(const GuestState& save, std::uint64_t linear)
            : page(linear >> page_shift), cr0(save.cr0), cr3(save.cr3), cr4(save.cr4), efer(save.efer), by_user(save.cpl == 3) {
        }
        constexpr bool operator==(const Key&) const = default;
        std::uint64_t page = 0, cr0 = 0, cr3 = 0, cr4 = 0, efer = 0;
        bool by_user = false;
    };
    std::uint64_t now_at(const std::byte* place) const {
        return way_.is_wide ? *reinterpret_cast<const volatile std::uint64_t*>(place)
                            : *reinterpret_cast<const volatile std::uint32_t*>(place);
    }

    Key key_;
    Way way_;
    const std::byte* page_ = nullptr;
};

}   // namespace basalt
