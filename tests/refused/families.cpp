// Each family of the hypercall table is bound, or left out, and its number is no other's of the same kind of guest.
#include "hypercalls/slots.hpp"

namespace basalt::table {

inline constexpr Family again{.number = __HYPERVISOR_sched_op, .name = "again", .left_out = {.reason = "a case"}};
inline constexpr Family of_another_kind{.number = __HYPERVISOR_sched_op, .name = "of_another_kind",
                                        .guests = static_cast<GuestKind>(1), .left_out = {.reason = "a case"}};
inline constexpr Family unbound{.number = 1, .name = "unbound"};
inline constexpr Family bound_and_left_out{.number = 1, .name = "bound_and_left_out", .left_out = {.reason = "a case"}};

}   // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::bound_and_left_out>(Call);

using table::FamilyList;

constexpr auto slots_of(auto list, GuestKind kind = GuestKind::pv) { return slots_for(kind, Asker::anyone, list); }

constexpr auto fits = slots_of(FamilyList<table::sched_op, table::vcpu_op, table::dm_op>{});
static_assert(fits[__HYPERVISOR_sched_op] == hypercall<table::sched_op> && fits[__HYPERVISOR_dm_op] == not_implemented);

// A further kind of guest is a further column: it has what is for all kinds, and what is for it alone.
constexpr auto kinds = slots_of(FamilyList<table::mmu_update, table::sched_op>{}, static_cast<GuestKind>(1));
static_assert(kinds[__HYPERVISOR_mmu_update] == not_implemented);
static_assert(kinds[__HYPERVISOR_sched_op] == hypercall<table::sched_op>);
constexpr auto shared = slots_of(FamilyList<table::mmu_update, table::of_another_kind>{});

constexpr auto twice = slots_of(FamilyList<table::sched_op, table::sched_op>{});            // refused: not a constant expression
constexpr auto in_vain = slots_of(FamilyList<table::sched_op, table::again>{});             // refused: not a constant expression
constexpr auto forgotten = slots_of(FamilyList<table::unbound>{});                          // refused: the family is not bound
constexpr auto both = slots_of(FamilyList<table::bound_and_left_out>{});                    // refused: the family is bound, and left out
Ending left_out(Call call) { return hypercall<table::dm_op>(call); }                        // refused: deleted function

}   // namespace basalt::hypercalls
