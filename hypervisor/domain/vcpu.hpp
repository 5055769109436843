// A virtual CPU. It is born down, with its domain, and lives as long as the domain does. What is a vcpu's of its kind of guest
// alone is in the class that the kind derives from this one, which its own room sees: doors.hpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/number.hpp"
#include "core/part_of.hpp"
#include "domain/doors.hpp"
#include "events/vcpu_events.hpp"
#include "machine/cpu.hpp"
#include "machine/registers.hpp"
#include "schedule/unit.hpp"
#include "schedule/vcpu_timers.hpp"

namespace basalt {

class Vcpu {
public:
    Vcpu(const Vcpu&) = delete;
    Vcpu& operator=(const Vcpu&) = delete;

    VcpuRegisters registers{};   // entries from the guest are pushed here
    Domain& domain;
    const GuestKind kind;        // its domain's
    const VcpuId id;
    PartOf<Vcpu, SchedulingUnit> unit;
    PartOf<Vcpu, VcpuTimers> timers;
    PartOf<Vcpu, events::VcpuEvents> events;
    CpuId last_cpu{most_cpus};   // where it last ran; none yet
    bool initialised = false;    // has registers to start with: VCPUOP_initialise
    std::atomic<bool> nmi_pending{false};    // raise_nmi()
    std::string_view crash_due;  // crash_running_domain(): why, until it is told
    bool owes_undoing = false;   // it has let go tables that wait to be undone; for its own CPU alone
    // Who has it sets the vcpu up (vcpu_setup.hpp). The page holds its vcpu_info, once VCPUOP_register_vcpu_info has named one.
    TryGuarded<events::SharedPage, Rank::vcpu_setup> info_page;

    // Where the guest wants its runstate written as well: its own address, 0 for none. It is written while the vcpu's tables
    // are loaded, and a fault there is the guest's affair.
    std::uint64_t runstate_area = 0;

    // What the scheduler, the timers and the events hand back belongs to a vcpu.
    template <typename Part>
    static Vcpu& of(Part& part) {
        return PartOf<Vcpu, Part>::whole_of(part);
    }

protected:   // its kind makes and destroys it: doors.hpp
    Vcpu(Domain& owner, VcpuId number);
    ~Vcpu() = default;
};

// The vcpu that runs on this CPU: whoever calls has come from it.
inline Vcpu& running() { return *this_cpu().running_vcpu; }
inline bool runs_here(const Vcpu& vcpu) { return &vcpu == this_cpu().running_vcpu; }

}   // namespace basalt
