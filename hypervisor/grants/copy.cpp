#include "grants/copy.hpp"

#include <cstring>
#include <optional>

namespace basalt::grants {
namespace {

// A page held for one copy.
class Side {
public:
    static StatusOr<Side> take(DomainId caller, const CopySide& side, bool writing) {
        Side taken;
        if (side.granter) {
            auto use = TRY(GrantUse::begin(*side.granter, side.reference, caller, true, false, writing));
            taken.mfn_ = use.frame();
            taken.use_.emplace(std::move(use));
            return taken;
        }
        auto held = HeldFrame::take(side.own, caller, writing);
        if (!held && held.error() == Error::again) return deny(Status::again);
        if (!held && writing && is_ram(side.own) && frame(side.own).owner() == caller) return deny(Status::general_error);
        if (!held) return deny(Status::bad_page);
        taken.mfn_ = held->mfn();
        taken.held_ = std::move(*held);
        return taken;
    }
    std::byte* at(std::uint16_t offset) const { return static_cast<std::byte*>(contents(mfn_)) + offset; }

private:
    Mfn mfn_ = no_mfn;
    std::optional<GrantUse> use_;
    HeldFrame held_;
};

StatusOr<> copy_page(DomainId caller, const CopySide& from, const CopySide& to, std::uint16_t length) {
    const auto source = TRY(Side::take(caller, from, false));
    const auto target = TRY(Side::take(caller, to, true));
    if (from.offset + length > static_cast<int>(page_size) || to.offset + length > static_cast<int>(page_size))
        return deny(Status::bad_copy_argument);
    std::memmove(target.at(to.offset), source.at(from.offset), length);   // perhaps one page twice
    return {};
}

}  // namespace

Status copy(DomainId caller, const CopySide& from, const CopySide& to, std::uint16_t length) {
    const auto copied = copy_page(caller, from, to, length);
    return copied ? Status::okay : copied.error();
}

}  // namespace basalt::grants
