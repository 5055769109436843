#include "domain/run.hpp"

#include "core/per_cpu.hpp"
#include "domain/audit.hpp"
#include "domain/domain.hpp"
#include "domain/doors.hpp"
#include "domain/guest_time.hpp"
#include "domain/passage.hpp"
#include "domain/runstate_area.hpp"
#include "domain/undoing.hpp"
#include "domain/urgent.hpp"
#include "machine/entry.hpp"
#include "machine/flush.hpp"
#include "machine/page_tables.hpp"
#include "machine/smp.hpp"

namespace basalt {
namespace {

constinit Scheduler the_scheduler;
constinit Timers the_timers;

void end_of_slice(Timer&) { raise_here(Work::schedule); }

struct Slice {
    Timer timer{end_of_slice};
};
constinit PerCpu<Slice> slices;

void leave(Vcpu& vcpu) {
    publish_runstate(vcpu);
    vcpu.timers.switched_out();
    save_guest_state(vcpu);
}

void enter(Vcpu& vcpu) {
    const CpuId here = this_cpu().id;
    const bool moved = vcpu.last_cpu != here;
    vcpu.last_cpu = here;
    if (moved) publish_time(vcpu);   // before it first runs, too: who builds a domain wipes the page
    load_guest_state(vcpu);
    publish_runstate(vcpu);
    vcpu.timers.switched_in(moved);
    if (vcpu.owes_undoing) raise_here(Work::undoing);
}

void become_idle() {
    this_cpu().run(nullptr, nullptr, nullptr);
    leave_roots();
}

void choose_who_runs() {
    Cpu& cpu = this_cpu();
    Vcpu* const before = cpu.running_vcpu;
    const Choice choice = scheduler().pick(cpu.id);
    Vcpu* const next = choice.unit != nullptr ? &Vcpu::of(*choice.unit) : nullptr;
    Timer& slice = slices.here().timer;
    if (choice.until != never)
        timers().set(slice, choice.until);
    else if (slice.armed())
        timers().cancel(slice);
    if (next == before) {
        if (next != nullptr) next->timers.follow_period();
        return;
    }
    if (before != nullptr) leave(*before);
    if (next != nullptr)
        enter(*next);
    else
        become_idle();
    // Not before its tables have been left: who runs it elsewhere may free them.
    if (before != nullptr) scheduler().saved(before->unit);
}

constexpr bool includes(std::uint32_t work, Work kind) { return (work & static_cast<std::uint32_t>(kind)) != 0; }

[[noreturn]] void stop_here() {
    this_cpu().online = false;
    for (;;) wait_for_interrupt();
}

}  // namespace

Scheduler& scheduler() { return the_scheduler; }
Timers& timers() { return the_timers; }

void settle_work() {
    Cpu& cpu = this_cpu();
    for (;;) {
        const std::uint32_t work = cpu.take_work();
        if (includes(work, Work::stop)) stop_here();
        if (includes(work, Work::machine_check)) look_into_urgent_matters();
        if (cpu.running_vcpu != nullptr) crash_if_due(*cpu.running_vcpu);
        if (includes(work, Work::passage)) {
            pass_here();
            bury_the_dead();
        }
        if (includes(work, Work::timer)) timers().expire();
        if (includes(work, Work::schedule) || cpu.running_vcpu == nullptr) choose_who_runs();
        if (includes(work, Work::undoing)) undo_what_is_owed();
        if (includes(work, Work::standstill)) stand_audited();
        if (includes(work, Work::audit)) audit_for_a_key();
        if (cpu.work.load(std::memory_order_relaxed) != 0) continue;
        if (cpu.running_vcpu != nullptr) return;
        wait_for_interrupt();
    }
}

void reschedule() { raise_here(Work::schedule); }

void kick(CpuId cpu) { raise(cpu, Work::schedule); }

}  // namespace basalt
