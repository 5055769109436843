#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/memory_calls.hpp"
#include "table/memory_op.hpp"

namespace basalt::hypercalls {
namespace {

// Done in one go: nothing can be done already. What Xen has among the calls of one architecture it then does not know.
template <auto function, Error half_done = Error::invalid>
struct Plain {
    static Ending act(Registers& registers) {
        if (registers.rdi >> extents_done_shift != 0) return answer(registers, refuse(half_done));
        return answer(registers, function(registers.rsi));
    }
};

template <auto function>
constexpr Handler plain_of_x86 = Plain<function, Error::not_implemented>::act;

template <std::uint32_t command>
Result<std::int64_t> count(std::uint64_t argument) {
    return count_of(command, argument);
}

Result<std::int64_t> maximum_ram_page(std::uint64_t) { return static_cast<std::int64_t>(memory_views.end.raw); }
Result<std::int64_t> no_page_is_shared(std::uint64_t) { return 0; }

constexpr auto commands = bind<table::memory_op, Handler>({
    {XENMEM_increase_reservation, change_reservation},
    {XENMEM_decrease_reservation, change_reservation},
    {XENMEM_populate_physmap, change_reservation},
    {XENMEM_exchange, exchange},
    {XENMEM_maximum_ram_page, Plain<maximum_ram_page>::act},
    {XENMEM_current_reservation, Plain<count<XENMEM_current_reservation>>::act},
    {XENMEM_maximum_reservation, Plain<count<XENMEM_maximum_reservation>>::act},
    {XENMEM_maximum_gpfn, Plain<count<XENMEM_maximum_gpfn>>::act},
    {XENMEM_machine_memory_map, plain_of_x86<machine_memory_map>},
    {XENMEM_memory_map, plain_of_x86<memory_map>},
    {XENMEM_set_memory_map, plain_of_x86<set_memory_map>},
    {XENMEM_acquire_resource, Plain<acquire_resource>::act},
    {XENMEM_machphys_mapping, plain_of_x86<machphys_mapping>},
    {XENMEM_machphys_mfn_list, plain_of_x86<machphys_mfn_list>},
    {XENMEM_claim_pages, Plain<claim_pages>::act},
    {XENMEM_get_sharing_freed_pages, plain_of_x86<no_page_is_shared>},
    {XENMEM_get_sharing_shared_pages, plain_of_x86<no_page_is_shared>},
});

}    // namespace

// rdi: command, above extents_done_shift how many extents are done already; rsi: the command's structure.
Ending memory_op(Registers& registers) {
    return give(commands, static_cast<std::uint32_t>(registers.rdi & command_mask), registers);
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
    // Of what is kept for devices Dom0 has only what is for a device: its balloon leaves that alone.
    return Wanted{.order = order, .address_bits = bits == 0 ? 64 : bits, .from_reserve = domain.hardware && bits != 0};
}

}    // namespace basalt::hypercalls
