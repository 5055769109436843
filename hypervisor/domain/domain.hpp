// A domain: a guest's memory, vcpus, ports and grants, under one number.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "abi/xen.hpp"
#include "core/cpu_mask.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "debug/rate_limit.hpp"
#include "devices/pirqs.hpp"
#include "domain/cpu_choice.hpp"
#include "domain/domain_list.hpp"
#include "domain/doors.hpp"
#include "domain/hvm_parameters.hpp"
#include "domain/memory_map.hpp"
#include "domain/steering.hpp"
#include "domain/vcpu.hpp"
#include "domain/watchdogs.hpp"
#include "events/event_channels.hpp"
#include "grants/grant_table.hpp"
#include "machine/page_tables.hpp"
#include "memory/domain_memory.hpp"
#include "nested/tables.hpp"
#include "schedule/pauses.hpp"
#include "schedule/run_end.hpp"
#include "schedule/unit.hpp"

namespace basalt {

using DomainHandle = std::array<std::uint8_t, 16>;   // tools' own name for a domain

// What a domain is made for; the limits are those of <xen/domctl.h>.
struct DomainWishes {
    DomainId id;
    GuestKind kind = GuestKind::pv;
    nested::Format nested = nested::Format::amd;             // of a hardware-assisted guest's tables
    bool privileged = false;
    bool paused = false;                                     // until tools unpause it
    std::uint32_t vcpu_limit = most_vcpus;
    std::uint32_t port_limit = events::fifo_ports;           // counting port 0
    std::uint32_t grant_frame_limit = grants::limits().frames;
    std::uint32_t maptrack_frame_limit = grants::limits().mapping_frames;
    DomainHandle handle{};
};

class Domain {
public:
    explicit Domain(const DomainWishes& wishes);
    Domain(const Domain&) = delete;
    Domain& operator=(const Domain&) = delete;
    ~Domain();

    const DomainId id;
    const GuestKind kind;
    const bool privileged;       // Dom0: may drive the machine and the other domains
    const std::uint32_t vcpu_limit;
    PartOf<Domain, DomainMemory> memory;
    PartOf<Domain, events::EventChannels> events;
    grants::GrantTable grants;
    SchedulingGroup share;
    nested::Tables nested;       // which frames of the machine its own are; of a PV guest, none
    HvmParameters hvm_parameters;   // of a hardware-assisted guest: what it and its tools leave for each other

    shared_info_t* shared_info = nullptr;    // through the direct map
    Mfn shared_info_frame = no_mfn;          // these and the two below are set before it is listed
    Mfn descriptor_tables = no_mfn;          // the L3 of L4 slot 258: each vcpu's GDT and LDT
    std::array<PageEntry, hypervisor_slots> l4_entries{};   // slots 256 to 271 of its roots
    std::atomic<std::uint64_t> assists{0};   // VMASST_TYPE_* that are on, as bits

    std::array<std::atomic<std::uint32_t>, pirq_end> pirq_ports{};   // the event channel of each pirq; 0: none
    std::atomic<std::uint64_t*> pirq_ends{nullptr};   // see pirq_ends.hpp; set once
    events::SharedPage pirq_ends_page;       // kept by whoever has set pirq_ends, given up at its end

    RunEnd run_end{share};
    PartOf<Domain, Watchdogs> watchdogs;
    Guarded<RateLimit, Rank::log> messages;  // what is told about it: guest_messages.hpp
    Guarded<DomainHandle, Rank::domain_settings> handle;
    Guarded<GuestMemoryMap, Rank::domain_settings> memory_map;   // as tools have set it, for the guest to read
    Guarded<std::int64_t, Rank::domain_settings> clock_offset;   // seconds that its wall clock is ahead of the machine's
    TryGuarded<Steering, Rank::domain_control> control;
    DomainLinks links;

    // What its Steering alone changes, as anybody may look at it.
    std::uint32_t pauses() const { return pauses_.count(); }   // by tools
    const CpuChoice& cpus() const { return cpus_; }
    bool is_dying() const { return memory.dying.load(); }

    // Another CPU may be adding one: it is complete before it is counted.
    std::span<Vcpu* const> vcpus() const { return {vcpus_.data(), vcpu_count_.load(std::memory_order_acquire)}; }
    Vcpu* vcpu(VcpuId number) const {
        const auto all = vcpus();
        return number.raw < all.size() ? all[number.raw] : nullptr;
    }

    // None of its vcpus, those to come included, may run for this reason; or for this one no longer.
    void hold(GroupHold reason);
    void release(GroupHold reason);
    // After a change of reasons.
    void settle_vcpus() const;

    static Domain& of(events::EventChannels& part) { return PartOf<Domain, events::EventChannels>::whole_of(part); }

private:
    friend class Steering;
    friend class Paused;

    Pauses pauses_;
    CpuChoice cpus_;
    std::array<Vcpu*, most_vcpus> vcpus_{};
    std::atomic<std::size_t> vcpu_count_{0};
};

// A new, empty domain with its shared-info page and descriptor area, in the list. exists: its number is in use.
Result<Domain*> create_domain(const DomainWishes& wishes);

// Its memory is given back. Nobody has it in hand: it was never listed, or all CPUs have passed since it left the list.
void take_apart(Domain& domain);

}  // namespace basalt
