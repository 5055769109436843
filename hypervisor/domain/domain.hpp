// A domain: a guest's memory, vcpus, ports and grants, under one number.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "core/cpu_mask.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "devices/pirqs.hpp"
#include "domain/vcpu.hpp"
#include "domain/watchdogs.hpp"
#include "events/event_channels.hpp"
#include "grants/grant_table.hpp"
#include "machine/page_tables.hpp"
#include "memory/domain_memory.hpp"
#include "schedule/unit.hpp"

namespace basalt {

class Domain {
public:
    Domain(DomainId number, bool may_do_all);
    Domain(const Domain&) = delete;
    Domain& operator=(const Domain&) = delete;

    const DomainId id;
    const bool privileged;       // Dom0: may drive the machine and the other domains
    DomainMemory memory;
    PartOf<Domain, events::EventChannels> events;
    grants::GrantTable grants;
    SchedulingGroup share;

    shared_info_t* shared_info = nullptr;    // through the direct map
    Mfn shared_info_frame = no_mfn;
    Mfn descriptor_tables = no_mfn;          // the L3 of L4 slot 258: each vcpu's GDT and LDT
    std::array<PageEntry, hypervisor_slots> l4_entries{};   // slots 256 to 271 of its roots
    std::atomic<std::uint64_t> assists{0};   // VMASST_TYPE_* that are on, as bits
    std::atomic<std::uint64_t> ran_on{0};    // CPUs that may hold translations of this domain's

    std::array<std::atomic<std::uint32_t>, pirq_end> pirq_ports{};   // the event channel of each pirq; 0: none
    std::atomic<std::uint64_t*> pirq_ends{nullptr};   // see pirq_ends.hpp; set once
    events::SharedPage pirq_ends_page;

    std::atomic<bool> is_shut_down{false};
    std::uint8_t shutdown_reason = 0;        // SHUTDOWN_*
    PartOf<Domain, Watchdogs> watchdogs;

    CpuMask dirty_cpus() const { return {ran_on.load(std::memory_order_relaxed)}; }

    std::span<Vcpu* const> vcpus() const { return {vcpus_.data(), vcpu_count_}; }
    Vcpu* vcpu(VcpuId number) const { return number.raw < vcpu_count_ ? vcpus_[number.raw] : nullptr; }

    // The next vcpu, down. Out of memory, or of numbers (invalid).
    Result<Vcpu*> add_vcpu();

    static Domain& of(events::EventChannels& part) {
        return PartOf<Domain, events::EventChannels>::whole_of(part);
    }

private:
    std::array<Vcpu*, most_vcpus> vcpus_{};
    std::size_t vcpu_count_ = 0;
};

// DOMID_SELF is the caller's own. no_such_process where there is none.
Result<Domain*> find_domain(DomainId id);

std::span<std::atomic<Domain*>> domain_list();   // null where there is none

template <typename Action>
void for_each_domain(Action&& action) {
    for (auto& slot : domain_list())
        if (Domain* const domain = slot.load(std::memory_order_acquire)) action(*domain);
}

// A new, empty domain with its shared-info page and descriptor area.
Result<Domain*> create_domain(DomainId id, bool privileged);

}  // namespace basalt
