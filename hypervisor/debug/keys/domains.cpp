#include "abi/vcpu.hpp"
#include "abi/xen.hpp"
#include "keys/tell.hpp"
#include "domain/domain.hpp"
#include "domain/doors.hpp"
#include "domain/run.hpp"

namespace basalt {
namespace {

std::string_view state_of(const SchedulingUnit& unit) {
    if (!unit.is_up()) return "down";
    if (unit.on_cpu()) return "on the CPU";
    if (!unit.group().may_run()) return "held with its domain";
    return unit.blocked() ? "blocked" : "waits for a CPU";
}

void tell_vcpu(Vcpu& vcpu) {
    const SchedulingUnit& unit = vcpu.unit;
    const vcpu_runstate_info times = scheduler().runstate(vcpu.unit);
    tell("  d{}v{}: {}, CPU {} of {x}, ran {} ms, waited {} ms", vcpu.domain.id, vcpu.id, state_of(unit), unit.cpu(),
         (unit.allowed() & scheduler().online()).bits, times.time[RUNSTATE_running] / milliseconds(1),
         times.time[RUNSTATE_runnable] / milliseconds(1));
    const vcpu_info* const info = vcpu.events.info();
    const ShownVcpu seen = shown(vcpu);
    tell("    {}, root {x}, user root {x}, upcall {}{}", seen.mode, seen.root, seen.user_root,
         info != nullptr && info->evtchn_upcall_pending != 0 ? "pending" : "not pending",
         info != nullptr && info->evtchn_upcall_mask != 0 ? ", masked" : "");
}

}  // namespace

void tell_domains() {
    for_each_domain([](Domain& domain) {
        tell("domain {}: {} frames, shared info {x}, weight {}, cap {}, paused {} times{}{}", domain.id,
             domain.memory.total.load(), domain.shared_info_frame, domain.share.weight(), domain.share.cap(), domain.pauses(),
             domain.share.held(GroupHold::shut_down) ? ", shut down" : "", domain.is_dying() ? ", dying" : "");
        for (Vcpu* const vcpu : domain.vcpus()) tell_vcpu(*vcpu);
    });
}

void tell_registers() {
    const Cpu& cpu = this_cpu();
    if (cpu.running_vcpu == nullptr) return tell("CPU {} runs nobody", cpu.id);
    const Vcpu& vcpu = *cpu.running_vcpu;
    const Registers& r = vcpu.registers;
    tell("CPU {} runs d{}v{}, {}", cpu.id, vcpu.domain.id, vcpu.id, shown(vcpu).mode);
    tell("rip {x16} cs {x} rflags {x} rsp {x16} ss {x}", r.rip, r.cs & 0xffff, r.rflags, r.rsp, r.ss & 0xffff);
    tell("rax {x16} rbx {x16} rcx {x16} rdx {x16}", r.rax, r.rbx, r.rcx, r.rdx);
    tell("rsi {x16} rdi {x16} rbp {x16} r8  {x16}", r.rsi, r.rdi, r.rbp, r.r8);
    tell("r9  {x16} r10 {x16} r11 {x16} r12 {x16}", r.r9, r.r10, r.r11, r.r12);
    tell("r13 {x16} r14 {x16} r15 {x16}", r.r13, r.r14, r.r15);
}

}  // namespace basalt
