// The sub-commands of memory_op, by what they are about.
#pragma once

#include "domain/domain.hpp"
#include "hypercalls/call.hpp"
#include "memory/allocator.hpp"
#include "paging/budget.hpp"

namespace basalt::hypercalls {

// How a resumed memory_op says how many extents are done: in the bits above the command, as on Xen.
inline constexpr unsigned extents_done_shift = 6;
inline constexpr std::uint64_t command_mask = (std::uint64_t{1} << extents_done_shift) - 1;

// The domain that a structure names, if the caller may act for it. DOMID_SELF is the caller's own.
Result<Domain*> domain_for_memory(DomainId id);

// The largest extent that one request may ask for, as an order: what can be cleaned in one bounded step.
unsigned most_extent_order();

// The mem_flags of a reservation.
Result<Wanted> wanted_as(unsigned order, std::uint32_t flags, const DomainMemory& domain);

// reservations.cpp. increase, decrease, populate: the answer is the number of extents done, whatever stopped
// it.
Ending change_reservation(Registers& registers);
Result<std::int64_t> claim_pages(std::uint64_t argument);
Result<std::int64_t> count_of(std::uint32_t command,
                              std::uint64_t argument);    // current, maximum, maximum_gpfn

// exchange.cpp
Ending exchange(Registers& registers);

// memory_maps.cpp
Result<std::int64_t> machine_memory_map(std::uint64_t argument);
Result<std::int64_t> machphys_mapping(std::uint64_t argument);
Result<std::int64_t> machphys_mfn_list(std::uint64_t argument);
Result<std::int64_t> memory_map(std::uint64_t argument);
Result<std::int64_t> set_memory_map(std::uint64_t argument);
Result<std::int64_t> acquire_resource(std::uint64_t argument);

}    // namespace basalt::hypercalls
