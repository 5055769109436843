#include "domain/domain.hpp"

#include "abi/xen.hpp"
#include "domain/shared_frames.hpp"
#include "domain/guest_time.hpp"
#include "domain/run.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"
#include "memory/heap.hpp"

namespace basalt {

Vcpu::Vcpu(Domain& owner, VcpuId number)
    : domain(owner), kind(owner.kind), id(number), unit(*this, owner.share), timers(*this, basalt::timers()),
      events(*this, owner.events, number) {}

namespace {

grants::GrantTable::Numbers numbers_of(GuestKind kind) {
    using enum grants::GrantTable::Numbers;
    return kind == GuestKind::pv ? of_machine : of_domain;
}

}   // namespace

Domain::Domain(const DomainWishes& wishes)
    : id(wishes.id), kind(wishes.kind), privileged(wishes.privileged), vcpu_limit(wishes.vcpu_limit), memory(*this, wishes.id),
      events(*this, wishes.id), grants(wishes.id, wishes.grant_frame_limit, numbers_of(wishes.kind)),
      nested(wishes.nested, wishes.id), watchdogs(*this), handle(wishes.handle), control(*this), pauses_(share, wishes.paused) {
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

void Domain::hold(GroupHold reason) {
    share.hold(reason);
    settle_vcpus();
}

void Domain::release(GroupHold reason) {
    share.release(reason);
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

}  // namespace basalt
