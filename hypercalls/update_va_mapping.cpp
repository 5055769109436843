#include "abi/xen.hpp"
#include "domain/own_translations.hpp"
#include "domain/undoing.hpp"
#include "guests/pv/roots.hpp"
#include "hypercalls/call.hpp"
#include "hypercalls/page_table_calls.hpp"
#include "table/page_table_writes.hpp"

namespace basalt::hypercalls {
namespace {

// UVMF_*: what to forget, and where: on this CPU, on all of the domain's, or on those of a bit map of vcpus.
Result<> flush_as_asked(std::uint64_t flags, std::uint64_t address) {
    const std::uint64_t kind = flags & UVMF_FLUSHTYPE_MASK;
    if (kind != UVMF_TLB_FLUSH && kind != UVMF_INVLPG) return {};
    const std::uint64_t where = flags & ~UVMF_FLUSHTYPE_MASK;
    const CpuMask here = CpuMask::of(this_cpu().id);
    const CpuMask cpus = where == UVMF_LOCAL ? here : where == UVMF_ALL ? online_cpus() : TRY(cpus_of_vcpus(where));
    if (kind == UVMF_TLB_FLUSH)
        forget_own(cpus);
    else
        forget_own_page(cpus, address);
    return {};
}

Step<> write_mapping(std::uint64_t address, std::uint64_t entry, std::uint64_t flags, paging::Parties parties) {
    paging::Budget budget;
    const Step<> step = paging::update_va_mapping(pv::kernel_root(running()), address, entry, parties, budget);
    settle_tables(*parties.tables, budget);
    return step.done() ? step_of(flush_as_asked(flags, address)) : step;
}

// The L1 entry that maps the address; the flags are UVMF_*.
Step<> update_va_mapping(std::uint64_t address, std::uint64_t entry, std::uint64_t flags) {
    DomainMemory& own = running().domain.memory;
    return write_mapping(address, entry, flags, {&own, &own});
}

// The entry names a page of that domain's.
Step<> update_va_mapping_otherdomain(std::uint64_t address, std::uint64_t entry, std::uint64_t flags, std::uint32_t domain) {
    const auto pages = pages_named(domain);
    if (!pages) return refuse(pages.error());
    return write_mapping(address, entry, flags, {&running().domain.memory, *pages});
}

}   // namespace

template <>
Ending hypercall<table::update_va_mapping>(Call call) {
    return decoded<update_va_mapping>(call);
}
template <>
Ending hypercall<table::update_va_mapping_otherdomain>(Call call) {
    return decoded<update_va_mapping_otherdomain>(call);
}

}  // namespace basalt::hypercalls
