#include "domain/steering.hpp"

#include <algorithm>

#include "domain/domain.hpp"
#include "domain/guest_time.hpp"
#include "domain/run.hpp"
#include "machine/entry.hpp"

namespace basalt {
namespace {

// Held vcpus stop after the bounded step that they are in: nothing that they do meanwhile waits for this CPU but a flush,
// which it answers, and an audit, which gives up where a vcpu is to leave. Its own interrupts do not wait either.
void wait_until_off_cpu(const Domain& domain) {
    for (const Vcpu* const vcpu : domain.vcpus())
        while (vcpu->unit.on_cpu() && this_cpu().running_vcpu != vcpu) {
            while_waiting();
            poll_interrupts();
        }
}

}  // namespace

Result<> Steering::add_vcpus() {
    for (std::size_t count = domain_.vcpu_count_.load(); count < domain_.vcpu_limit; ++count) {
        const VcpuId number(static_cast<std::uint32_t>(count));
        Vcpu* const vcpu = TRY(make_vcpu(domain_, number));
        if (number.raw < XEN_LEGACY_MAX_VCPUS) vcpu->events.place_info(&domain_.shared_info->vcpu_info[number.raw]);
        publish_time(*vcpu);
        domain_.events.add_vcpu(vcpu->events);
        scheduler().add(vcpu->unit);
        domain_.vcpus_[count] = vcpu;
        domain_.vcpu_count_.store(count + 1, std::memory_order_release);
    }
    return {};
}

Result<> Steering::pause() {
    TRY(domain_.pauses_.begin());
    domain_.settle_vcpus();
    wait_until_off_cpu(domain_);
    return {};
}

Result<> Steering::unpause() {
    TRY(domain_.pauses_.end());
    domain_.settle_vcpus();
    return {};
}

void Steering::resume() {
    domain_.run_end.take_back();
    domain_.settle_vcpus();
}

bool Steering::never_ran() const {
    const auto has_run = [](const Vcpu* vcpu) { return vcpu->last_cpu != CpuId(most_cpus); };
    return domain_.pauses() != 0 && std::ranges::none_of(domain_.vcpus(), has_run);
}

void Steering::choose(const CpuPolicy& policy) {
    ASSERT(never_ran());
    domain_.cpus_.policy = policy;
    for (Vcpu* const vcpu : domain_.vcpus()) follow_policy(*vcpu);
}

Paused::Paused(Steering& steering) : domain_(steering.domain_) {
    domain_.hold(GroupHold::looked_at);
    wait_until_off_cpu(domain_);
}

Paused::~Paused() { domain_.release(GroupHold::looked_at); }

void Paused::choose(TscMode mode, std::uint32_t incarnation) {
    domain_.cpus_.tsc_mode.store(mode, std::memory_order_relaxed);
    domain_.cpus_.tsc_incarnation.store(incarnation, std::memory_order_relaxed);
}

}  // namespace basalt
