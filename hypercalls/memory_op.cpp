#include "abi/memory.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/memory_calls.hpp"
#include "table/memory_op.hpp"

namespace basalt::hypercalls {
namespace {

Result<std::uint64_t> maximum_ram_page() { return memory_views.end.raw; }
Result<std::uint64_t> no_page_is_shared() { return 0; }

constexpr auto commands = bind<table::memory_op, ExtentsDone>(
    does<XENMEM_increase_reservation, increase_reservation>, does<XENMEM_decrease_reservation, decrease_reservation>,
    does<XENMEM_populate_physmap, populate_physmap>, does<XENMEM_exchange, exchange>,
    does<XENMEM_maximum_ram_page, maximum_ram_page>, does<XENMEM_current_reservation, current_reservation>,
    does<XENMEM_maximum_reservation, maximum_reservation>, does<XENMEM_maximum_gpfn, maximum_gpfn>,
    does<XENMEM_machine_memory_map, machine_memory_map>, does<XENMEM_memory_map, memory_map>,
    does<XENMEM_set_memory_map, set_memory_map>, does<XENMEM_acquire_resource, acquire_resource>,
    does<XENMEM_machphys_mapping, machphys_mapping>, does<XENMEM_machphys_mfn_list, machphys_mfn_list>,
    does<XENMEM_claim_pages, claim_pages>, does<XENMEM_get_sharing_freed_pages, no_page_is_shared>,
    does<XENMEM_get_sharing_shared_pages, no_page_is_shared>, does<XENMEM_add_to_physmap, add_to_physmap>,
    does<XENMEM_add_to_physmap_batch, add_to_physmap_batch>, does<XENMEM_remove_from_physmap, remove_from_physmap>);

// Whether something may be done already, or what is said where it cannot. What Xen has among the calls of one architecture it
// then does not know.
Result<> may_be_half_done(std::uint32_t command) {
    switch (command) {
        case XENMEM_increase_reservation:
        case XENMEM_decrease_reservation:
        case XENMEM_populate_physmap:
        case XENMEM_add_to_physmap_batch: return {};
        case XENMEM_machine_memory_map:
        case XENMEM_memory_map:
        case XENMEM_set_memory_map:
        case XENMEM_machphys_mapping:
        case XENMEM_machphys_mfn_list:
        case XENMEM_get_sharing_freed_pages:
        case XENMEM_get_sharing_shared_pages: return refuse(Error::not_implemented);
        default: return refuse(Error::invalid);
    }
}

Ending memory_op(Call call, Kept<std::uint64_t> command) {
    const ExtentsDone done(command);
    const auto found = commands.find(done.command());
    if (!found) return answer(call, refuse(found.error()));
    if (done.count() != 0)
        if (const auto may = may_be_half_done(done.command()); !may) return answer(call, may);
    return (*found)->act(call, done);
}

}  // namespace

template <>
Ending hypercall<table::memory_op>(Call call) {
    return decoded<memory_op>(call);
}

unsigned most_extent_order() { return running().domain.privileged ? 12 : 9; }

Result<Wanted> wanted_as(unsigned order, std::uint32_t flags, const DomainMemory& domain) {
    const unsigned bits = XENMEMF_get_address_bits(flags);
    if (bits != 0 && bits <= page_shift) return refuse(Error::invalid);
    // Of what is kept for devices Dom0 has only what is for a device: its balloon leaves that alone.
    return Wanted{.order = order, .address_bits = bits == 0 ? 64 : bits, .from_reserve = domain.hardware && bits != 0};
}

}    // namespace basalt::hypercalls
