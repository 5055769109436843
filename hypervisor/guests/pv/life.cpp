// Birth and end of a PV guest's vcpus, and of what they share: the tables of slot 258, which map each one's GDT and LDT.
#include <algorithm>

#include "domain/domain.hpp"
#include "guests/pv/descriptors.hpp"
#include "guests/pv/doors.hpp"
#include "machine/fpu.hpp"
#include "machine/page_tables.hpp"
#include "memory/allocator.hpp"
#include "memory/heap.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt {

PvVcpu::PvVcpu(Domain& owner, VcpuId number) : Vcpu(owner, number) { fpu_initialise(fpu.data()); }

namespace pv {
namespace {

Result<Mfn> table_frame() { return allocate_frames(); }

// A table with those below it; what level 1 maps has been let go before.
void give_tables_back(Mfn table, PageLevel level) {
    if (level > leaf_level)
        for (std::size_t index = 0; index < entries_per_table; ++index)
            if (const PageEntry entry = table_at(table)[index]; entry.present()) give_tables_back(entry.mfn(), below(level));
    free_frames(table);
}

}  // namespace

Result<> Doors::furnish(Domain& domain) {
    domain.descriptor_tables = TRY(allocate_frames());
    std::ranges::copy(hypervisor_entries(), domain.l4_entries.begin());
    domain.l4_entries[layout::domain_slot - layout::first_slot] = PageEntry::of(domain.descriptor_tables, rights::table);
    return {};
}

void Doors::strip(Domain& domain) {
    if (domain.descriptor_tables != no_mfn) give_tables_back(domain.descriptor_tables, PageLevel(3));
}

Result<Vcpu*> Doors::make_vcpu(Domain& domain, VcpuId number) {
    PageEntry* const entries =
        TRY(entry_in(domain.descriptor_tables, PageLevel(3), layout::gdt_of(number), rights::table, table_frame));
    PvVcpu* const vcpu = TRY(create<PvVcpu>(domain, number)).release();
    vcpu->descriptor_entries = entries;
    drop_descriptor_tables(*vcpu);   // it has none yet
    return vcpu;
}

void Doors::destroy_vcpu(Vcpu& vcpu) { static_cast<void>(Owned<PvVcpu>(&of(vcpu))); }

}  // namespace pv
}  // namespace basalt
