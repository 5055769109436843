#include "domain/domain.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include "domain/frames.hpp"
#include "domain/run.hpp"
#include "machine/fpu.hpp"
#include "machine/page_tables.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt {
namespace {

// Domains by number, by open hashing. A slot is only ever filled, so finding takes no lock.
constexpr std::size_t domain_slots = 1024;
constinit std::array<std::atomic<Domain*>, domain_slots> domains{};

Result<> enter_into_list(Domain& domain) {
    for (std::size_t step = 0; step < domain_slots; ++step) {
        Domain* nobody = nullptr;
        if (domains[(domain.id.raw + step) % domain_slots].compare_exchange_strong(nobody, &domain)) return {};
    }
    return refuse(Error::no_memory);
}

// Objects that live for good, or as long as a domain: whole frames.
template <typename T, typename... Arguments>
Result<T*> make(Arguments&&... arguments) {
    constexpr unsigned order = std::bit_width((sizeof(T) - 1) >> page_shift);
    const Mfn frames = TRY(allocate_frames(order));
    return new (contents(frames)) T(std::forward<Arguments>(arguments)...);
}

Result<Mfn> table_frame() { return allocate_frames(); }

}  // namespace

Vcpu::Vcpu(Domain& owner, VcpuId number)
    : domain(owner),
      id(number),
      unit(*this, owner.share),
      timers(*this, basalt::timers()),
      events(*this, owner.events, number) {
    fpu_initialise(pv.fpu.data());
}

Domain::Domain(DomainId number, bool may_do_all)
    : id(number), privileged(may_do_all), memory(number), events(*this, number), grants(number), watchdogs(*this) {
    memory.hardware = may_do_all;
}

Result<Vcpu*> Domain::add_vcpu() {
    if (vcpu_count_ == most_vcpus) return refuse(Error::invalid);
    const VcpuId number(static_cast<std::uint32_t>(vcpu_count_));
    PageEntry* const entries =
        TRY(entry_in(descriptor_tables, 3, layout::gdt_of(number), rights::table, table_frame));
    Vcpu* const vcpu = TRY(make<Vcpu>(*this, number));
    vcpu->pv.descriptor_entries = entries;
    if (number.raw < XEN_LEGACY_MAX_VCPUS) vcpu->events.place_info(&shared_info->vcpu_info[number.raw]);
    events.add_vcpu(vcpu->events);
    scheduler().add(vcpu->unit);
    vcpus_[vcpu_count_++] = vcpu;
    return vcpu;
}

Result<Domain*> find_domain(DomainId id) {
    if (id == DomainId(DOMID_SELF)) return &running().domain;
    for (std::size_t step = 0; step < domain_slots; ++step) {
        Domain* const domain = domains[(id.raw + step) % domain_slots].load(std::memory_order_acquire);
        if (domain == nullptr) break;
        if (domain->id == id) return domain;
    }
    return refuse(Error::no_such_process);
}

std::span<std::atomic<Domain*>> domain_list() { return domains; }

Result<Domain*> create_domain(DomainId id, bool privileged) {
    Domain* const domain = TRY(make<Domain>(id, privileged));
    domain->descriptor_tables = TRY(allocate_frames());
    std::ranges::copy(hypervisor_entries(), domain->l4_entries.begin());
    domain->l4_entries[layout::domain_slot - layout::first_slot] =
        entry_for(domain->descriptor_tables, rights::table);
    domain->shared_info_frame = TRY(take_page_shared_with(id));
    domain->shared_info = static_cast<shared_info_t*>(contents(domain->shared_info_frame));
    for (vcpu_info_t& info : domain->shared_info->vcpu_info) info.evtchn_upcall_mask = 1;   // until the guest is ready
    domain->events.place_shared_info(domain->shared_info);
    TRY(domain->grants.grow(1));   // tools grant the console and the store before the guest asks for its table
    TRY(enter_into_list(*domain));
    return domain;
}

}  // namespace basalt
