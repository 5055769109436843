// The doors of a PV guest: see domain/doors.hpp. Each is defined beside what it is about.
#pragma once

#include "abi/xen.hpp"
#include "domain/doors.hpp"
#include "grants/seams.hpp"
#include "guests/held_registers.hpp"

namespace basalt::pv {

struct Doors {
    // life.cpp
    static Result<> furnish(Domain& domain);
    static void strip(Domain& domain);
    static Result<Vcpu*> make_vcpu(Domain& domain, VcpuId number);
    static void destroy_vcpu(Vcpu& vcpu);

    static void drop_tables(Vcpu& vcpu);   // roots.cpp

    // context.cpp
    static Step<> set_context(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget);
    static void get_context(const Vcpu& vcpu, vcpu_guest_context& context);

    static void follow_policy(Vcpu& vcpu);   // control_registers.cpp

    // context_switch.cpp
    static void load_guest_state(Vcpu& vcpu);
    static void save_guest_state(Vcpu& vcpu);

    // enter_kernel.*
    static void deliver_what_is_due(Vcpu& vcpu);
    static bool may_take_nmi(const Vcpu& vcpu);
    static bool has_news(const Vcpu&) { return false; }
    static void note_upcall(Vcpu&) {}   // it looks at the byte itself

    // memory.cpp
    static void see_kernel_memory(const Vcpu& vcpu);
    static void see_own_memory(const Vcpu& vcpu);

    // grant_mappings.cpp
    static Result<> map_grant(Vcpu& vcpu, grants::Place place, Mfn frame, DomainId owner, std::uint32_t flags);
    static Result<> unmap_grant(Vcpu& vcpu, grants::Place place, grants::Lent lent, std::optional<std::uint64_t> instead);

    // shown.cpp
    static ShownVcpu shown(const Vcpu& vcpu);
    static void log_control_registers(const Vcpu& vcpu);

    // audit.cpp
    static void count_frames(const Vcpu& vcpu, paging::Audit& audit);
    static std::optional<Finding> wrong_with_vcpu(const Vcpu& vcpu);
    static void expect_of(const Vcpu& vcpu, HeldRegisters& found, HeldRegisters& expected);
};

}  // namespace basalt::pv
