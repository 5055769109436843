#include "paging/named.hpp"

#include "paging/rules.hpp"
#include "paging/seams.hpp"
#include "paging/take.hpp"

namespace basalt::paging {

namespace {

Step<Entry> take_device(Entry entry, const Parties& parties) {
    if (device_access(parties.tables->id, entry.mfn()) == DeviceAccess::none ||
        device_access(parties.pages->id, entry.mfn()) == DeviceAccess::none)
        return refuse(Error::not_permitted);
    return without_pretence(entry, parties.tables->id);
}

Step<Entry> take_page(Entry entry, const Parties& parties, const Checking* checking) {
    const Mfn mfn = entry.mfn();
    if (!is_ram(mfn)) return take_device(entry, parties);
    if (!entry.writable()) {
        if (!take_reference(mfn, parties.pages->id)) return refuse(Error::busy);
        return entry;
    }
    if (checking != nullptr && checking->includes(mfn)) return refuse(Error::busy);
    auto taken = take_writable(mfn, *parties.pages);
    if (!taken) {
        if (taken.error() == Error::again) return Again{};
        return refuse(Error::busy);
    }
    static_cast<void>(std::move(*taken).into_table());
    return entry;
}

}    // namespace

Entry without_pretence(Entry entry, DomainId domain) {
    if (!entry.writable() || is_ram(entry.mfn())) return entry;
    const bool pretended = device_access(domain, entry.mfn()) == DeviceAccess::silently_read_only;
    return pretended ? entry.without(Entry::writable_bit) : entry;
}

Step<Entry> take_named(unsigned level, Entry entry, Parties parties, Budget& budget,
                       const Checking* checking) {
    if (level == 1) return take_page(entry, parties, checking);
    auto taken = take_use_while(entry.mfn(), table_of_level(level - 1), *parties.tables, budget, checking);
    if (!taken.done()) return not_done<Entry>(taken);
    static_cast<void>(std::move(taken).value().into_table());
    return entry;
}

void drop_named(unsigned level, Entry entry) {
    if (!entry.present()) return;
    const Mfn mfn = entry.mfn();
    if (level > 1) return drop_use_and_reference(mfn);
    if (!is_ram(mfn)) return;
    if (entry.writable()) return drop_use_and_reference(mfn);
    drop_reference(mfn);
}

}    // namespace basalt::paging
