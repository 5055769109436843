#include "domain/shared_frames.hpp"

#include "domain/domain.hpp"
#include "domain/own_frames.hpp"
#include "grants/seams.hpp"
#include "machine/flush.hpp"
#include "memory/allocator.hpp"
#include "memory/frame_reference.hpp"
#include "memory/m2p.hpp"
#include "paging/take.hpp"

namespace basalt {

Result<Mfn> take_page_shared_with(DomainId domain) {
    const Mfn mfn = TRY(allocate_frames());
    frame(mfn).share_with(domain);   // Basalt uses it as a writable page: it can never become a table
    set_m2p(mfn, m2p_invalid);
    return mfn;
}

// Somebody who still maps it keeps it, but a domain that gets the same number shall not.
void give_page_shared_with(Mfn mfn) {
    frame(mfn).unshare();
    drop_use_and_reference(mfn);
}

Result<events::SharedPage> share_guest_page(Domain& domain, Pfn page) {
    const auto mfn = machine_number(domain, page);
    if (!mfn) return refuse(Error::invalid);
    auto use = paging::take_writable(*mfn, domain.memory);
    if (!use) return paging::refuse_as(Error::invalid, use.error());
    const Mfn held = std::move(*use).into_table();
    return events::SharedPage(held, contents(held));
}

DomainMemory* domain_memory_of(DomainId owner) {
    const auto domain = listed_domain(owner);
    return domain ? &(*domain)->memory : nullptr;
}

namespace grants {

Result<Mfn> take_shared_frame(DomainId domain) { return take_page_shared_with(domain); }
void give_shared_frame(Mfn frame) { give_page_shared_with(frame); }
Result<void*> take_record_page() { return events::take_table_page(); }
void give_record_page(void* page) { events::give_table_page(page); }

}  // namespace grants

namespace events {

void drop_shared_page(Mfn mfn) { drop_use_and_reference(mfn); }

Result<void*> take_table_page() { return contents(TRY(allocate_frames())); }
void give_table_page(void* page) { free_frames(mfn_of(reinterpret_cast<layout::Address>(page) - layout::direct_map)); }

}  // namespace events
}  // namespace basalt
