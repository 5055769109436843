#include "domain/domain.hpp"

#include "abi/xen.hpp"
#include "domain/shared_frames.hpp"
#include "domain/guest_time.hpp"
#include "domain/run.hpp"
#include "machine/entry.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"
#include "memory/heap.hpp"

namespace basalt {

Vcpu::Vcpu(Domain& owner, VcpuId number)
    : domain(owner), kind(owner.kind), id(number), unit(*this, owner.share), timers(*this, basalt::timers()),
      events(*this, owner.events, number) {}

Domain::Domain(const DomainWishes& wishes)
    : id(wishes.id), kind(wishes.kind), privileged(wishes.privileged), vcpu_limit(wishes.vcpu_limit), handle(wishes.handle),
      memory(*this, wishes.id), events(*this, wishes.id), grants(wishes.id, wishes.grant_frame_limit), watchdogs(*this),
      pauses(share, wishes.paused) {
    memory.hardware = privileged;
    events.limit_ports(wishes.port_limit);
    grants.mappings.with([&](grants::MapTrack& track) { track.limit_pages(wishes.maptrack_frame_limit); });
}

Domain::~Domain() {
    for (Vcpu* const vcpu : vcpus()) {
        scheduler().remove(vcpu->unit);
        destroy_vcpu(*vcpu);
    }
    grants.clear();
    if (shared_info_frame != no_mfn) give_page_shared_with(shared_info_frame);
    strip(*this);
}

Result<Vcpu*> Domain::add_vcpu() {
    const std::size_t count = vcpu_count_.load();
    if (count == vcpu_limit) return refuse(Error::invalid);
    const VcpuId number(static_cast<std::uint32_t>(count));
    Vcpu* const vcpu = TRY(make_vcpu(*this, number));
    if (number.raw < XEN_LEGACY_MAX_VCPUS) vcpu->events.place_info(&shared_info->vcpu_info[number.raw]);
    publish_time(*vcpu);
    events.add_vcpu(vcpu->events);
    scheduler().add(vcpu->unit);
    vcpus_[count] = vcpu;
    vcpu_count_.store(count + 1, std::memory_order_release);
    return vcpu;
}

void Domain::hold(GroupHold reason) {
    share.hold(reason);
    settle_vcpus();
}

void Domain::release(GroupHold reason) {
    share.release(reason);
    settle_vcpus();
}

Result<> Domain::pause() {
    TRY(pauses.begin());
    settle_vcpus();
    wait_until_off_cpu(*this);
    return {};
}

Result<> Domain::unpause() {
    TRY(pauses.end());
    settle_vcpus();
    return {};
}

void Domain::resume() {
    run_end.take_back();
    settle_vcpus();
}

void Domain::settle_vcpus() const {
    for (Vcpu* const vcpu : vcpus()) scheduler().settle(vcpu->unit);
}

Result<Domain*> create_domain(const DomainWishes& wishes) {
    auto domain = TRY(create<Domain>(wishes));
    TRY(furnish(*domain));
    domain->shared_info_frame = TRY(take_page_shared_with(wishes.id));
    domain->shared_info = static_cast<shared_info_t*>(contents(domain->shared_info_frame));
    for (vcpu_info_t& info : domain->shared_info->vcpu_info) info.evtchn_upcall_mask = 1;   // until the guest is ready
    domain->events.place_shared_info(domain->shared_info);
    publish_wall_clock(*domain);
    TRY(domain->grants.grow(1));   // tools grant the console and the store before the guest asks for its table
    TRY(enter_into_list(*domain));
    return domain.release();
}

void take_apart(Domain& domain) { static_cast<void>(Owned<Domain>(&domain)); }

// Held vcpus stop after the bounded step that they are in: nothing that they do meanwhile waits for this CPU but a flush,
// which it answers, and an audit, which gives up where a vcpu is to leave. Its own interrupts do not wait either.
void wait_until_off_cpu(const Domain& domain) {
    for (const Vcpu* const vcpu : domain.vcpus())
        while (vcpu->unit.on_cpu() && this_cpu().running_vcpu != vcpu) {
            while_waiting();
            poll_interrupts();
        }
}

}  // namespace basalt
