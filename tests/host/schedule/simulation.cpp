#include "schedule/simulation.hpp"

#include <algorithm>

namespace basalt {
namespace {

std::array<std::atomic<bool>, most_cpus> kicked;
std::atomic<std::uint64_t> kick_count;

Instant now() { return Instant(fakes::clock.load()); }

}  // namespace

void kick(CpuId cpu) {
    kicked[cpu.raw] = true;
    ++kick_count;
}

namespace simulation {

bool take_kick(CpuId cpu) { return kicked[cpu.raw].exchange(false); }

Machine::Machine(unsigned cpus) : cpus_(cpus) {
    fakes::clock = 1'000'000'000;
    for (auto& cpu : kicked) cpu = false;
    kick_count = 0;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) scheduler.bring_online(CpuId(cpu));
    mark();
}

SchedulingGroup& Machine::group(std::uint32_t weight, std::uint32_t cap) {
    auto& group = *groups_.emplace_back(std::make_unique<SchedulingGroup>());
    if (!scheduler.set_parameters(group, {weight, cap})) std::abort();
    return group;
}

Unit& Machine::unit(SchedulingGroup& group, Work work, CpuMask cpus) {
    auto& unit = *units_.emplace_back(std::make_unique<Unit>(group, work));
    by_unit_[&unit.unit] = &unit;
    scheduler.add(unit.unit);
    if (!scheduler.set_affinity(unit.unit, cpus, {~std::uint64_t{0}})) std::abort();
    unit.waits_since = now();
    scheduler.release(unit.unit, Hold::down);
    marked_[&unit] = 0;
    return unit;
}

Instant Machine::next_event() const {
    auto next = never;
    for (std::size_t cpu = 0; cpu < cpus_.size(); ++cpu) {
        if (kicked[cpu]) return now();
        next = std::min(next, cpus_[cpu].until);
        if (!cpus_[cpu].runs) continue;
        const auto& unit = *by_unit_.at(cpus_[cpu].runs);
        if (unit.work.run != 0) next = std::min(next, now() + unit.left);
    }
    for (const auto& unit : units_) next = std::min(next, unit->wakes);
    return next;
}

void Machine::pick(CpuId cpu) {
    fakes::cpu = cpu;
    kicked[cpu.raw] = false;
    auto& here = cpus_[cpu.raw];
    const auto choice = scheduler.pick(cpu);
    here.until = choice.until;
    if (choice.unit == here.runs) return;
    ++switches;
    auto* const before = here.runs;
    here.runs = choice.unit;
    if (before) {
        if (before->runnable()) of(*before).waits_since = now();
        scheduler.saved(*before);
    }
    if (!choice.unit) return;
    auto& unit = of(*choice.unit);
    ++unit.turns;
    if (unit.waits_since != never) unit.longest_wait = std::max(unit.longest_wait, now() - unit.waits_since);
    unit.waits_since = never;
}

void Machine::spend(Nanoseconds time) {
    for (auto& cpu : cpus_)
        if (cpu.runs && of(*cpu.runs).work.run != 0) of(*cpu.runs).left -= time;
    fakes::clock += time;
}

void Machine::wake_sleepers() {
    for (auto& unit : units_) {
        if (unit->wakes > now()) continue;
        unit->wakes = never;
        unit->left = unit->work.run;
        unit->waits_since = now();
        fakes::cpu = unit->unit.cpu();
        scheduler.wake(unit->unit);
    }
}

void Machine::run(Nanoseconds time) {
    const auto end = now() + time;
    for (auto next = next_event(); next < end; next = next_event()) {
        if (next > now()) spend(next - now());
        for (std::uint32_t cpu = 0; cpu < cpus_.size(); ++cpu) {
            auto* const runs = cpus_[cpu].runs;
            if (!runs || of(*runs).work.run == 0 || of(*runs).left != 0) continue;
            of(*runs).wakes = now() + of(*runs).work.sleep;
            fakes::cpu = CpuId(cpu);
            scheduler.block_here(*runs);
        }
        wake_sleepers();
        for (std::uint32_t cpu = 0; cpu < cpus_.size(); ++cpu)
            if (kicked[cpu] || cpus_[cpu].until <= now()) pick(CpuId(cpu));
    }
    spend(end - now());
    kicks = kick_count;
}

void Machine::mark() {
    marked_at_ = now();
    for (auto& unit : units_) marked_[unit.get()] = ran(*unit);
}

double Machine::share(Unit& unit) {
    return 100.0 * static_cast<double>(ran(unit) - marked_[&unit]) / static_cast<double>(now() - marked_at_);
}

}  // namespace simulation
}  // namespace basalt
