// What a PV guest's vcpu holds: its roots, and the frames of GDT and LDT, which its part of the per-domain area maps, but for
// Basalt's own. And what a CPU has in its registers while it runs.
#include <bit>

#include "abi/xen.hpp"
#include "core/layout.hpp"
#include "domain/domain.hpp"
#include "formats/page_entry.hpp"
#include "guests/pv/control_registers.hpp"
#include "guests/pv/doors.hpp"
#include "machine/descriptors.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "paging/audit.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

Mfn held(const FrameUse& root) { return root ? root.mfn() : no_mfn; }

void count_descriptor_tables(const PvVcpu& pv, paging::Audit& audit) {
    for (std::size_t page = 0; page < 2 * layout::descriptor_pages; ++page) {
        if (page >= guest_gdt_pages && page < layout::descriptor_pages) continue;   // Basalt's
        const PageEntry entry = pv.descriptor_entries[page];
        if (!entry.present() || entry.mfn() == no_descriptors()) continue;
        audit.add_use(entry.mfn(), Use::descriptors);
    }
}

}  // namespace

void Doors::count_frames(const Vcpu& vcpu, paging::Audit& audit) {
    const PvVcpu& pv = of(vcpu);
    for (const FrameUse* const root : {&pv.roots.kernel, &pv.roots.user})
        if (*root) audit.add_use(root->mfn(), Use::l4_table);
    count_descriptor_tables(pv, audit);
}

std::optional<Finding> Doors::wrong_with_vcpu(const Vcpu& vcpu) {
    const PvVcpu& pv = of(vcpu);
    const auto differs = [&](std::string_view what, Mfn found, Mfn expected) {
        return Finding{vcpu.domain.id, "vcpu", vcpu.id.raw, what, found.raw, expected.raw};
    };
    if (pv.kernel_root != held(pv.roots.kernel)) return differs("root of kernel mode", pv.kernel_root, held(pv.roots.kernel));
    if (pv.user_root != held(pv.roots.user)) return differs("root of user mode", pv.user_root, held(pv.roots.user));
    return std::nullopt;
}

void Doors::expect_of(const Vcpu& vcpu, HeldRegisters& found, HeldRegisters& expected) {
    const PvVcpu& pv = of(vcpu);
    found.own_gdt_page = pv.descriptor_entries[FIRST_RESERVED_GDT_PAGE].mfn().raw;   // lent by the CPU where it runs
    expected.cr0 = wanted_cr0 | (pv.fpu_task_switched ? cr0::task_switched : 0);
    expected.cr3 = expected.noted_root = physical_of(pv.in_kernel ? pv.kernel_root : pv.user_root);
    expected.noted_tables = std::bit_cast<std::uint32_t>(TablesOf(vcpu.domain.id, vcpu.domain.memory.hardware));
    expected.cr4 = expected.noted_cr4 = real_cr4(vcpu);
    if (features().xsave) expected.xcr0 = expected.noted_xcr0 = real_xcr0(pv);
    expected.tsc_aux = pv.tsc_aux;
    if (pv.debug.any_on()) {
        const auto& [dr0, dr1, dr2, dr3] = pv.debug.addresses;
        expected.dr0 = dr0, expected.dr1 = dr1, expected.dr2 = dr2, expected.dr3 = dr3;
        expected.dr7 = pv.debug.control;
    }
    expected.gdt_base = gdt_at(layout::gdt_of(vcpu.id)).base;
    if (pv.ldt_entries != 0) {
        expected.ldt = selector::ldt;
        expected.ldt_descriptor = ldt_descriptor(layout::ldt_of(vcpu.id), pv.ldt_entries);
    }
    expected.landing = vcpu.registers.landing();
}

}  // namespace basalt::pv
