#include "keys/tell.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"

namespace basalt {
namespace {

std::string_view name_of(Standing standing) {
    switch (standing) {
        case Standing::running: return "runs";
        case Standing::waiting: return "waits";
        case Standing::parked: break;
    }
    return "has spent its cap";
}

void tell_queue(CpuId cpu) {
    tell("CPU {}: idle for {} ms so far", cpu, scheduler().idle_time(cpu) / milliseconds(1));
    scheduler().look_at(cpu, [](SchedulingUnit& unit, Standing standing, std::int64_t lead) {
        const Vcpu& vcpu = Vcpu::of(unit);
        tell("  d{}v{} {}, {} us ahead of the least", vcpu.domain.id, vcpu.id, name_of(standing), lead / 1000);
    });
}

}  // namespace

void tell_run_queues() { scheduler().online().for_each(tell_queue); }

}  // namespace basalt
