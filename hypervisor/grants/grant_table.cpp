#include "grants/grant_table.hpp"

#include <new>

#include "abi/grant_table.hpp"
#include "core/assert.hpp"

namespace basalt::grants {
namespace {

SharedEntry& shared_at(Table& table, GrantRef reference) {
    auto* const entries = static_cast<SharedEntry*>(contents(table.shared[reference.raw / entries_in_frame]));
    return entries[reference.raw % entries_in_frame];
}

ActiveEntry& active_at(Table& table, GrantRef reference) {
    return table.active[reference.raw / Table::records_in_page][reference.raw % Table::records_in_page];
}

// Notes the use in the shared entry. A guest that keeps changing it gets no grant used.
StatusOr<> mark(SharedEntry& entry, DomainId grantee, bool writing) {
    constexpr int tries = 5;
    const std::atomic_ref header(entry.header);
    auto seen = header.load();
    for (int tried = 0; tried < tries; ++tried)
        if (header.compare_exchange_strong(seen, TRY(marked(seen, grantee, writing)))) return {};
    return deny(Status::general_error);
}

constinit Limits chosen;   // no Once: where nobody chooses, in tests, they are as they are at first

}  // namespace

void choose_limits(const Limits& limits) { chosen = limits; }
const Limits& limits() { return chosen; }

Result<> GrantTable::add_frame(Table& table) {
    // Record pages that a refused growth has left are found again here.
    for (std::uint32_t page = 0; page < Table::record_pages; ++page) {
        auto*& records = table.active[table.count * Table::record_pages + page];
        if (!records) records = new (TRY(take_record_page())) ActiveEntry[Table::records_in_page];
    }
    table.shared[table.count] = TRY(take_shared_frame(self_));
    ++table.count;
    return {};
}

Result<> GrantTable::grow(std::uint32_t wanted) {
    if (wanted > limit_) return refuse(Error::invalid);
    return table_.with([&](Table& table) -> Result<> {
        while (table.count < wanted) TRY(add_frame(table));
        return {};
    });
}

std::uint32_t GrantTable::frame_count() {
    return table_.with([](Table& table) { return table.count; });
}

Result<Mfn> GrantTable::frame(std::uint32_t index) {
    return table_.with([&](Table& table) -> Result<Mfn> {
        if (index >= table.count) return refuse(Error::invalid);
        return table.shared[index];
    });
}

void GrantTable::clear() {
    table_.with([](Table& table) {
        while (table.count != 0) give_shared_frame(table.shared[--table.count]);
        for (auto*& records : table.active)
            if (auto* const page = std::exchange(records, nullptr)) give_record_page(page);
    });
}

// The entry has been marked, which is taken back where it names nothing: nobody else uses it.
StatusOr<std::uint32_t> GrantTable::frame_of(SharedEntry& shared) const {
    const std::uint32_t named = std::atomic_ref(shared.frame).load();
    if (numbers_ == Numbers::of_machine) [[likely]]
        return named;
    const auto found = numbered_by_itself(self_, named);
    if (found) return static_cast<std::uint32_t>(found->raw);
    std::atomic_ref(shared.header).fetch_and(~(0u + GTF_reading + GTF_writing));
    return deny(Status::bad_page);
}

StatusOr<Mfn> GrantTable::pin(GrantRef reference, DomainId grantee, Pin pin) {
    return table_.with([&](Table& table) -> StatusOr<Mfn> {
        if (reference.raw >= table.count * entries_in_frame) return deny(Status::bad_reference);
        auto& shared = shared_at(table, reference);
        auto& active = active_at(table, reference);
        const bool used = active.pins.any();
        if ((used && active.grantee != grantee) || !active.pins.room_for(pin)) return deny(Status::general_error);
        TRY(mark(shared, grantee, pin.writing));
        if (!used) {
            active.frame = TRY(frame_of(shared));
            active.grantee = grantee;
        }
        active.pins.add(pin);
        return Mfn(active.frame);
    });
}

std::optional<ActiveEntry> GrantTable::active_entry(GrantRef reference) {
    return table_.with([&](Table& table) -> std::optional<ActiveEntry> {
        if (reference.raw >= table.count * entries_in_frame) return std::nullopt;
        return active_at(table, reference);
    });
}

void GrantTable::unpin(GrantRef reference, Pin pin) {
    table_.with([&](Table& table) {
        auto& active = active_at(table, reference);
        ASSERT(active.pins.has(pin));
        active.pins.take(pin);
        const std::uint32_t over =
            (active.pins.writers() ? 0u : 0u + GTF_writing) | (active.pins.any() ? 0u : 0u + GTF_reading);
        if (over != 0) std::atomic_ref(shared_at(table, reference).header).fetch_and(~over);
    });
}

}  // namespace basalt::grants
