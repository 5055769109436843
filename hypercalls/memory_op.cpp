#include "hypercalls/handlers.hpp"
#include "hypercalls/memory_calls.hpp"

namespace basalt::hypercalls {
namespace {

struct MemorySubcall {
    std::uint32_t command;
    std::string_view name;
    Ending (*act)(Registers& registers);
    std::string_view effect;
};

// Done in one go: nothing can be done already.
template <auto function>
struct Plain {
    static Ending act(Registers& registers) {
        if (registers.rdi >> extents_done_shift != 0) return answer(registers, refuse(Error::invalid));
        return answer(registers, function(registers.rsi));
    }
};

template <std::uint32_t command>
Result<std::int64_t> count(std::uint64_t argument) {
    return count_of(command, argument);
}

Result<std::int64_t> maximum_ram_page(std::uint64_t) { return static_cast<std::int64_t>(memory_views.end.raw); }
Result<std::int64_t> no_page_is_shared(std::uint64_t) { return 0; }
Result<std::int64_t> no_vnuma(std::uint64_t) { return refuse(Error::not_supported); }
Result<std::int64_t> own_p2m(std::uint64_t) { return refuse(Error::access_denied); }

constexpr auto rows = std::to_array<MemorySubcall>({
    {XENMEM_increase_reservation, "increase_reservation", change_reservation, "get frames"},
    {XENMEM_decrease_reservation, "decrease_reservation", change_reservation, "give frames back"},
    {XENMEM_populate_physmap, "populate_physmap", change_reservation, "get frames for places in the p2m"},
    {XENMEM_exchange, "exchange", exchange, "give frames for others: contiguous, or low"},
    {XENMEM_maximum_ram_page, "maximum_ram_page", Plain<maximum_ram_page>::act, "one past the machine's last frame"},
    {XENMEM_current_reservation, "current_reservation", Plain<count<XENMEM_current_reservation>>::act,
     "how many frames a domain has"},
    {XENMEM_maximum_reservation, "maximum_reservation", Plain<count<XENMEM_maximum_reservation>>::act,
     "how many it may have"},
    {XENMEM_maximum_gpfn, "maximum_gpfn", Plain<count<XENMEM_maximum_gpfn>>::act, "the last place in its p2m"},
    {XENMEM_machine_memory_map, "machine_memory_map", Plain<machine_memory_map>::act, "what the firmware lists"},
    {XENMEM_memory_map, "memory_map", Plain<memory_map>::act, "the map that the domain's builder left for it"},
    {XENMEM_set_memory_map, "set_memory_map", Plain<set_memory_map>::act, "leave such a map for a domain"},
    {XENMEM_acquire_resource, "acquire_resource", Plain<acquire_resource>::act,
     "the frames of a domain's grant table, for tools to map"},
    {XENMEM_machphys_mapping, "machphys_mapping", Plain<machphys_mapping>::act, "where the M2P is"},
    {XENMEM_machphys_mfn_list, "machphys_mfn_list", Plain<machphys_mfn_list>::act, "the frames of the M2P"},
    {XENMEM_claim_pages, "claim_pages", Plain<claim_pages>::act, "set frames aside for a domain being built"},
    {XENMEM_get_sharing_freed_pages, "get_sharing_freed_pages", Plain<no_page_is_shared>::act, "none"},
    {XENMEM_get_sharing_shared_pages, "get_sharing_shared_pages", Plain<no_page_is_shared>::act, "none"},
    {XENMEM_get_vnumainfo, "get_vnumainfo", Plain<no_vnuma>::act, "domains have no NUMA layout"},
    {XENMEM_add_to_physmap, "add_to_physmap", Plain<own_p2m>::act, "a PV guest keeps its p2m itself"},
});

}    // namespace

// rdi: command, above extents_done_shift how many extents are done already; rsi: the command's structure.
Ending memory_op(Registers& registers) {
    const auto command = static_cast<std::uint32_t>(registers.rdi & command_mask);
    const MemorySubcall* const row = row_of<rows>(command);
    return row != nullptr ? row->act(registers) : answer(registers, subcall_unknown("memory_op", command));
}

Result<Domain*> domain_for_memory(DomainId id) {
    Domain& caller = running().domain;
    if (id == DomainId(DOMID_SELF)) return &caller;
    Domain* const domain = TRY(living_domain(id));
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
