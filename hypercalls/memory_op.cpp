#include "hypercalls/handlers.hpp"
#include "hypercalls/memory_calls.hpp"

namespace basalt::hypercalls {

// rdi: command, above extents_done_shift how many extents are done already; rsi: the command's structure.
Ending memory_op(Registers& registers) {
    const std::uint64_t argument = registers.rsi;
    const auto command = static_cast<std::uint32_t>(registers.rdi & command_mask);
    switch (command) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return change_reservation(registers);
    case XENMEM_exchange:
        return exchange(registers);
    case XENMEM_maximum_ram_page:
        return answer(registers, static_cast<std::int64_t>(memory_views.end.raw));
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return answer(registers, count_of(command, argument));
    case XENMEM_machine_memory_map:
        return answer(registers, machine_memory_map(argument));
    case XENMEM_machphys_mapping:
        return answer(registers, machphys_mapping(argument));
    case XENMEM_machphys_mfn_list:
        return answer(registers, machphys_mfn_list(argument));
    case XENMEM_claim_pages:
        return answer(registers, claim_pages(argument));
    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return answer(registers, 0);    // no page is shared
    case XENMEM_get_vnumainfo:
        return answer(registers, refuse(Error::not_supported));
    case XENMEM_add_to_physmap:
        return answer(registers, refuse(Error::access_denied));    // a PV guest has its own p2m
    default:
        return answer(registers, subcall_unknown("memory_op", command));
    }
}

Result<Domain*> domain_for_memory(DomainId id) {
    Domain& caller = running().domain;
    if (id == DomainId(DOMID_SELF)) return &caller;
    Domain* const domain = TRY(find_domain(id));
    if (domain != &caller && !caller.privileged) return refuse(Error::not_permitted);
    return domain;
}

unsigned most_extent_order() {
    return running().domain.privileged ? 12 : 9;
}

Result<Wanted> wanted_as(unsigned order, std::uint32_t flags, const DomainMemory& domain) {
    const unsigned bits = XENMEMF_get_address_bits(flags);
    if (bits != 0 && bits <= page_shift) return refuse(Error::invalid);
    return Wanted{.order = order, .address_bits = bits == 0 ? 64 : bits, .from_reserve = domain.hardware};
}

}    // namespace basalt::hypercalls
