// Where grants meet page tables: the running vcpu's domain maps a frame of another's.
#include "abi/grant_table.hpp"
#include "domain/domain.hpp"
#include "guests/kept_table.hpp"
#include "guests/pv/doors.hpp"
#include "paging/mmu.hpp"
#include "paging/take.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

using grants::Lent;
using grants::Place;

Result<> hold(grants::KeptTable& kept, Mfn table, DomainMemory& memory) {
    if (table == no_mfn) return refuse(Error::invalid);
    const auto held = kept.hold(table, memory);
    if (held.again()) return refuse(Error::again);
    if (!held.done() || kept.table().use() != Use::l1_table) return refuse(Error::invalid);
    return {};
}

// One entry of a level-1 table of the domain, the table held: here, or by whoever keeps it for the next request.
class Spot {
public:
    explicit Spot(grants::KeptTable* kept) : kept_(kept != nullptr ? *kept : own_) {}
    Spot(const Spot&) = delete;
    Spot& operator=(const Spot&) = delete;

    Result<> find(Place place, Vcpu& vcpu) {
        DomainMemory& memory = vcpu.domain.memory;
        if (place.is_entry) {
            if (place.where % sizeof(std::uint64_t) != 0) return refuse(Error::invalid);
            index_ = static_cast<unsigned>(place.where % page_size / sizeof(std::uint64_t));
            return hold(kept_, mfn_of(place.where), memory);
        }
        index_ = index_of(leaf_level, place.where);
        if (kept_.is_of(place.where)) return {};
        TRY(hold(kept_, paging::l1_table_of(of(vcpu).kernel_root, place.where), memory));
        kept_.note(place.where);
        return {};
    }

    const paging::TableHold& table() const { return kept_.table(); }
    unsigned index() const { return index_; }
    PageEntry entry() const { return table().entry(index_); }

private:
    grants::KeptTable own_;
    grants::KeptTable& kept_;
    unsigned index_ = 0;
};

// The bits that GNTMAP_guest_avail* puts at the guest's disposal.
constexpr PageEntry entry_for(Mfn frame, std::uint32_t flags) {
    auto bits = page_bit::present | page_bit::accessed | page_bit::dirty;
    if ((flags & GNTMAP_readonly) == 0) bits |= page_bit::writable;
    if ((flags & GNTMAP_application_map) != 0) bits |= page_bit::user;
    bits |= (std::uint64_t{flags} >> _GNTMAP_guest_avail0 << 9) & page_bit::available;
    return PageEntry::of(frame, bits);
}

// The entry becomes `wanted` if it still is `found`. False: it is not.
Result<bool> exchange(const Spot& spot, PageEntry found, PageEntry wanted, DomainMemory& memory) {
    paging::Budget budget;
    const Step<bool> step = paging::exchange_entry(spot.table(), spot.index(), found, wanted, memory, budget);
    if (step.again() != nullptr) return refuse(Error::again);
    if (step.refused() != nullptr) return refuse(Error::invalid);
    return *step;
}

constexpr int tries = 8;   // the processor, and other vcpus of the guest, may change an entry meanwhile

// An entry with another right belongs to another mapping, and outlives this one: its granter would be told too early.
bool maps(PageEntry entry, Lent lent) {
    return entry.present() && entry.mfn() == lent.frame && entry.writable() == lent.writable;
}

Result<PageEntry> entry_at(std::uint64_t address, Vcpu& vcpu) {
    Spot spot(nullptr);
    TRY(spot.find({address}, vcpu));
    return spot.entry();
}

Result<PageEntry> take_away(std::uint64_t address, Vcpu& vcpu) {
    Spot spot(nullptr);
    TRY(spot.find({address}, vcpu));
    for (int tried = 0; tried < tries; ++tried) {
        const PageEntry found = spot.entry();
        if (TRY(exchange(spot, found, PageEntry(), vcpu.domain.memory))) return found;
    }
    return refuse(Error::again);
}

}  // namespace

Result<> Doors::map_grant(Vcpu& vcpu, Place place, Mfn frame, DomainId owner, std::uint32_t flags) {
    DomainMemory* const pages = domain_memory_of(owner);
    if (pages == nullptr) return refuse(Error::invalid);
    Spot spot(place.kept);
    TRY(spot.find(place, vcpu));
    paging::Budget budget;
    const auto set = paging::set_entry(spot.table(), spot.index(), entry_for(frame, flags), paging::AccessedDirty::as_given,
                                       {&vcpu.domain.memory, pages, true}, budget);
    if (set.again()) return refuse(Error::again);
    if (!set.done()) return refuse(Error::invalid);
    return {};
}

Result<> Doors::unmap_grant(Vcpu& vcpu, Place place, Lent lent, std::optional<std::uint64_t> instead) {
    if (instead && place.is_entry) return refuse(Error::invalid);
    Spot spot(place.kept);
    TRY(spot.find(place, vcpu));
    const PageEntry other = instead ? TRY(entry_at(*instead, vcpu)) : PageEntry();
    // Then the frame would stay mapped where the grant was, whoever ends the other entry meanwhile.
    if (other.present() && other.mfn() == lent.frame) return refuse(Error::invalid);
    for (int tried = 0; tried < tries; ++tried) {
        const PageEntry found = spot.entry();
        if (!maps(found, lent)) return refuse(Error::invalid);
        if (!TRY(exchange(spot, found, other, vcpu.domain.memory))) continue;
        // The grant is no longer mapped, whatever becomes of the other entry: one that another vcpu is changing stays.
        if (instead) static_cast<void>(take_away(*instead, vcpu));
        return {};
    }
    return refuse(Error::again);
}

}  // namespace basalt::pv
