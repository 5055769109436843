#include "paging/named.hpp"

#include "paging/rules.hpp"
#include "paging/seams.hpp"
#include "paging/take.hpp"

namespace basalt::paging {

namespace {

Outcome take_device(Mfn mfn, const Parties& parties) {
    if (device_access(parties.tables->id, mfn) == DeviceAccess::none ||
        device_access(parties.pages->id, mfn) == DeviceAccess::none)
        return refuse(Error::not_permitted);
    return {};
}

// Where there is something to wait for, or to flush, before the page is writable.
[[gnu::noinline]] Outcome take_writable_later(Mfn mfn, DomainMemory& owner, Budget& budget, const Checking* checking) {
    if (checking != nullptr && checking->includes(mfn)) return refuse(Error::busy);
    auto taken = take_writable(mfn, owner, budget);
    if (taken) {
        static_cast<void>(std::move(*taken).into_table());
        return {};
    }
    if (taken.error() == Error::again) return Again{};
    return refuse(Error::busy);
}

Outcome take_owned(PageEntry entry, const Parties& parties, Budget& budget, const Checking* checking) {
    const auto taken = take_page_of(parties.pages->id, entry);
    if (taken) [[likely]]
        return {};
    if (entry.writable() && taken.error() == FrameRefusal::check_unfinished)
        return take_writable_later(entry.mfn(), *parties.pages, budget, checking);
    return refuse(Error::busy);
}

// A page of another's becomes known where its owner's tables are not walked: once it is held, and before it is named.
Outcome take_page(PageEntry entry, const Parties& parties, Budget& budget, const Checking* checking) {
    const Mfn mfn = entry.mfn();
    if (!is_ram(mfn)) return take_device(mfn, parties);
    const Outcome taken = take_owned(entry, parties, budget, checking);
    const bool abroad = parties.tables != parties.pages && !parties.granted;
    if (abroad && taken.done()) [[unlikely]]
        frame(mfn).make_known_to(parties.tables->hardware ? Others::hardware : Others::anybody);
    return taken;
}

}    // namespace

PageEntry without_pretence(PageEntry entry, DomainId domain) {
    if (!entry.writable() || is_ram(entry.mfn())) return entry;
    const bool pretended = device_access(domain, entry.mfn()) == DeviceAccess::silently_read_only;
    return pretended ? entry.without(page_bit::writable) : entry;
}

Outcome take_named(PageLevel level, PageEntry entry, const Parties& parties, Budget& budget, const Checking* checking) {
    if (level == leaf_level) return take_page(entry, parties, budget, checking);
    return take_use_while(entry.mfn(), table_of_level(below(level)), *parties.tables, budget, checking);
}

std::uint64_t forbidden_bits() {
    static constinit std::atomic<std::uint64_t> known{0};
    const auto bits = known.load(std::memory_order_relaxed);
    if (bits != 0) [[likely]]
        return bits;
    const auto found = entry_limits().forbidden;
    known.store(found, std::memory_order_relaxed);
    return found;
}

}    // namespace basalt::paging
