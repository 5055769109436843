// The sub-commands of memory_op, by what they are about.
#pragma once

#include "abi/memory.hpp"
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "hypercalls/binding.hpp"
#include "memory/allocator.hpp"
#include "paging/budget.hpp"

namespace basalt::hypercalls {

// How many extents a resumed call has done: in the command's argument, in the bits above the command, as on Xen.
class ExtentsDone {
public:
    explicit ExtentsDone(Kept<std::uint64_t> command) : command_(command) {}
    std::uint32_t command() const { return static_cast<std::uint32_t>(command_.value() & mask); }
    std::uint64_t count() const { return command_.value() >> shift; }
    void keep(std::uint64_t count) const { command_.keep(command() | count << shift); }

    static constexpr unsigned shift = 6;

private:
    static constexpr std::uint64_t mask = (std::uint64_t{1} << shift) - 1;
    Kept<std::uint64_t> command_;
};

// The largest extent that one request may ask for, as an order: what can be cleaned in one bounded step.
unsigned most_extent_order();

// The mem_flags of a reservation.
Result<Wanted> wanted_as(unsigned order, std::uint32_t flags, const DomainMemory& domain);

// reservations.cpp. increase, decrease, populate: the answer is the number of extents done, whatever stopped
// it.
using Reservation = xen_memory_reservation_t;
Step<std::uint64_t> increase_reservation(ExtentsDone done, Subject domain, IfThere<Reservation> reservation);
Step<std::uint64_t> decrease_reservation(ExtentsDone done, Subject domain, IfThere<Reservation> reservation);
Step<std::uint64_t> populate_physmap(ExtentsDone done, Subject domain, IfThere<Reservation> reservation);
Result<> claim_pages(const Reservation& reservation);
Result<std::uint64_t> current_reservation(Domain& domain, const domid_t&);
Result<std::uint64_t> maximum_reservation(Domain& domain, const domid_t&);
Result<std::uint64_t> maximum_gpfn(Domain& domain, const domid_t&);

// exchange.cpp
Step<> exchange(Subject domain, Placed<xen_memory_exchange_t>& request);

// memory_maps.cpp
Result<> machine_memory_map(xen_memory_map_t& request);
Result<xen_machphys_mapping_t> machphys_mapping();
Result<> machphys_mfn_list(xen_machphys_mfn_list_t& request);
Result<> memory_map(xen_memory_map_t& request);
Result<> set_memory_map(Subject domain, const xen_foreign_memory_map_t& request);
Result<> acquire_resource(Subject domain, Placed<xen_mem_acquire_resource_t>& placed);

// physmap.cpp
Result<> add_to_physmap(Subject domain, const xen_add_to_physmap_t& request);
Step<> add_to_physmap_batch(ExtentsDone done, Subject domain, const xen_add_to_physmap_batch_t& request);
Result<> remove_from_physmap(Subject domain, const xen_remove_from_physmap_t& request);
Result<Mfn> grant_frame(Domain& domain, std::uint64_t number);

}    // namespace basalt::hypercalls
