// The kinds of guest there are: a closed set, so that a door costs a branch, and with one kind not even that.
#pragma once

#include <concepts>
#include <optional>
#include <utility>

#include "abi/xen.hpp"
#include "domain/doors.hpp"
#include "domain/domain.hpp"
#include "grants/seams.hpp"
#include "guests/held_registers.hpp"
#include "guests/hvm/doors.hpp"
#include "guests/pv/doors.hpp"

namespace basalt {

// What each kind supplies. Beside what domain/doors.hpp says of them:
// deliver_what_is_due: on the way out to the running vcpu, what waits for it becomes the first thing that it sees. It does
//     not fail: a guest that cannot be told is crashed, alone.
// expect_of: what this CPU holds while the vcpu runs, where that is not as on an idle one.
template <typename Kind>
concept SuppliesDoors =
    requires(Domain& domain, Vcpu& vcpu, const Vcpu& seen, VcpuId number, paging::Budget& budget, vcpu_guest_context& context,
             grants::Place place, grants::Lent lent, Mfn frame, DomainId owner, std::uint32_t flags,
             std::optional<std::uint64_t> instead, paging::Audit& audit, HeldRegisters& held) {
        { Kind::furnish(domain) } -> std::same_as<Result<>>;
        { Kind::strip(domain) } -> std::same_as<void>;
        { Kind::make_vcpu(domain, number) } -> std::same_as<Result<Vcpu*>>;
        { Kind::destroy_vcpu(vcpu) } -> std::same_as<void>;
        { Kind::drop_tables(vcpu) } -> std::same_as<void>;
        { Kind::set_context(vcpu, std::as_const(context), budget) } -> std::same_as<Step<>>;
        { Kind::get_context(seen, context) } -> std::same_as<void>;
        { Kind::follow_policy(vcpu) } -> std::same_as<void>;
        { Kind::load_guest_state(vcpu) } -> std::same_as<void>;
        { Kind::save_guest_state(vcpu) } -> std::same_as<void>;
        { Kind::deliver_what_is_due(vcpu) } -> std::same_as<void>;
        { Kind::may_take_nmi(seen) } -> std::same_as<bool>;
        { Kind::note_upcall(vcpu) } -> std::same_as<void>;
        { Kind::has_news(seen) } -> std::same_as<bool>;
        { Kind::see_kernel_memory(seen) } -> std::same_as<void>;
        { Kind::see_own_memory(seen) } -> std::same_as<void>;
        { Kind::map_grant(vcpu, place, frame, owner, flags) } -> std::same_as<Result<>>;
        { Kind::unmap_grant(vcpu, place, lent, instead) } -> std::same_as<Result<>>;
        { Kind::shown(seen) } -> std::same_as<ShownVcpu>;
        { Kind::log_control_registers(seen) } -> std::same_as<void>;
        { Kind::count_frames(seen, audit) } -> std::same_as<void>;
        { Kind::wrong_with_vcpu(seen) } -> std::same_as<std::optional<Finding>>;
        { Kind::expect_of(seen, held, held) } -> std::same_as<void>;
    };

// `use` is given the doors of the kind.
template <typename Use>
constexpr decltype(auto) by_kind(GuestKind kind, Use&& use) {
    switch (kind) {
        case GuestKind::pv: return use(pv::Doors{});
        case GuestKind::hvm: return use(hvm::Doors{});
    }
    std::unreachable();
}
template <typename Use>
constexpr decltype(auto) by_kind(const Vcpu& vcpu, Use&& use) {
    return by_kind(vcpu.kind, std::forward<Use>(use));
}

}  // namespace basalt
