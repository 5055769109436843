// The part of a PV vcpu that is in the CPU while it runs: root, descriptor tables, segments, FPU, debug registers.
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/pv/control_registers.hpp"
#include "guests/pv/debug_registers.hpp"
#include "guests/pv/descriptors.hpp"
#include "guests/pv/doors.hpp"
#include "guests/pv/fpu_use.hpp"
#include "guests/pv/msrs.hpp"
#include "machine/descriptors.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

// Loading a selector changes its base, so bases come after. GS_BASE is the mode's own; the other one waits behind SWAPGS.
bool load_segments(const PvVcpu& pv) {
    const Segments& segments = pv.segments;
    bool all = try_load_ds(segments.ds);
    all &= try_load_es(segments.es);
    all &= try_load_fs(segments.fs);
    all &= try_load_gs(segments.gs);
    write_fs_base(segments.fs_base);
    write_gs_base(pv.in_kernel ? segments.gs_base_kernel : segments.gs_base_user);
    write_gs_base_behind_swap(pv.in_kernel ? segments.gs_base_user : segments.gs_base_kernel);
    return all;
}

void save_segments(PvVcpu& pv) {
    Segments& segments = pv.segments;
    segments.ds = read_ds();
    segments.es = read_es();
    segments.fs = read_fs();
    segments.gs = read_gs();
    segments.fs_base = read_fs_base();
    (pv.in_kernel ? segments.gs_base_kernel : segments.gs_base_user) = read_gs_base();
    (pv.in_kernel ? segments.gs_base_user : segments.gs_base_kernel) = read_gs_base_behind_swap();
}

}  // namespace

void Doors::load_guest_state(Vcpu& vcpu) {
    PvVcpu& pv = pv::of(vcpu);
    this_cpu().run(&vcpu, &vcpu.registers, reinterpret_cast<const std::uint16_t*>(vcpu.events.info()));
    pv::lend_own_descriptors(vcpu);
    enter_root(pv.in_kernel ? pv.kernel_root : pv.user_root, TablesOf(vcpu.domain.id, vcpu.domain.memory.hardware));
    pv::load_descriptor_tables(vcpu);
    pv.failsafe_due = !load_segments(pv);
    pv::load_control_registers(vcpu);
    pv::load_tsc_aux(vcpu);
    pv::load_fpu(vcpu);
    pv::load_debug_registers(vcpu);
}

void Doors::save_guest_state(Vcpu& vcpu) {
    pv::leave_debug_registers(vcpu);
    pv::save_fpu(vcpu);
    // Selectors that could not be loaded are still what the guest wants, until it has been told.
    if (!pv::of(vcpu).failsafe_due) save_segments(pv::of(vcpu));
    use_ldt(0, 0);
    use_gdt(no_guest_gdt);   // the vcpu's own is in its domain's tables, which are about to go
}

}  // namespace basalt::pv
