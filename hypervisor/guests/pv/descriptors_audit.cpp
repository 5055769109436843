// Which frames a vcpu's GDT and LDT hold: those that its part of the per-domain area maps, but for Basalt's own.
#include "core/layout.hpp"
#include "domain/audit.hpp"
#include "domain/vcpu.hpp"
#include "machine/descriptors.hpp"
#include "machine/page_entry.hpp"
#include "paging/audit.hpp"

namespace basalt {

void count_descriptor_tables(const Vcpu& vcpu, paging::Audit& audit) {
    for (std::size_t page = 0; page < 2 * layout::descriptor_pages; ++page) {
        if (page >= guest_gdt_pages && page < layout::descriptor_pages) continue;   // Basalt's
        const PageEntry entry = vcpu.pv.descriptor_entries[page];
        if (!entry.present() || entry.mfn() == no_descriptors()) continue;
        audit.add_use(entry.mfn(), Use::descriptors);
    }
}

}  // namespace basalt
