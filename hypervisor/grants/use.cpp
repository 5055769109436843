#include "grants/use.hpp"

namespace basalt::grants {
namespace {

// What is granted may be no page of the granter's, or one that is a page table just now.
Status status_of(Error error) {
    if (error == Error::again) return Status::again;
    return error == Error::busy ? Status::general_error : Status::bad_page;
}

}  // namespace

[[gnu::noinline]] void HeldFrame::give_back() {
    if (writable_)
        drop_use_and_reference(mfn_);
    else
        drop_reference(mfn_);
}

[[gnu::noinline]] void GrantUse::end() {
    frame_ = HeldFrame();   // before the granter is told that it is over
    for (unsigned pin = 0; pin < count_; ++pin) table_->unpin(reference_, pins_[pin]);
}

StatusOr<GrantUse> GrantUse::begin(GrantTable& table, GrantRef reference, DomainId grantee, bool host, bool device,
                                   bool writing) {
    GrantUse use(table, reference);
    auto mfn = no_mfn;
    for (const bool by_device : {false, true}) {
        if (!(by_device ? device : host)) continue;
        const Pin pin{by_device, writing};
        mfn = TRY(table.pin(reference, grantee, pin));
        use.pins_[use.count_++] = pin;
    }
    auto held = HeldFrame::take(mfn, table.self(), writing);
    if (!held) return deny(status_of(held.error()));
    // A mapping keeps the granter's table by a frame on its account: pages shared with Basalt are on nobody's.
    if (!basalt::frame(mfn).owner_word().charged()) return deny(Status::general_error);
    use.frame_ = std::move(*held);
    return use;
}

GrantUse GrantUse::adopt(GrantTable& table, GrantRef reference, bool host, bool device, HeldFrame frame, bool writing) {
    GrantUse use(table, reference);
    if (host) use.pins_[use.count_++] = {false, writing};
    if (device) use.pins_[use.count_++] = {true, writing};
    use.frame_ = std::move(frame);
    return use;
}

}  // namespace basalt::grants
