#include "guests/pv/roots.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/page_table_calls.hpp"

namespace basalt::hypercalls {
namespace {

// UVMF_*: what to forget, and where: on this CPU, on all of the domain's, or on those of a bit map of vcpus.
Result<> flush_as_asked(std::uint64_t flags, std::uint64_t address) {
    const std::uint64_t kind = flags & UVMF_FLUSHTYPE_MASK;
    if (kind != UVMF_TLB_FLUSH && kind != UVMF_INVLPG) return {};
    const std::uint64_t where = flags & ~UVMF_FLUSHTYPE_MASK;
    const CpuMask here = CpuMask::of(this_cpu().id);
    const CpuMask cpus = where == UVMF_LOCAL ? here
                         : where == UVMF_ALL ? online_cpus()
                                             : TRY(cpus_of_vcpus(where));
    if (kind == UVMF_TLB_FLUSH)
        flush_on(cpus);
    else
        flush_page_on_these(cpus, address);
    return {};
}

Ending write_mapping(Registers& registers, paging::Parties parties) {
    const std::uint64_t address = registers.rdi;
    paging::Budget budget;
    const Step<> step =
        paging::update_va_mapping(pv::kernel_root(running()), address, registers.rsi, parties, budget);
    settle_tables(*parties.tables, budget);
    if (const Error* refused = step.refused()) return answer(registers, refuse(*refused));
    if (!step.done()) return Ending::resume;
    return answer(registers, flush_as_asked(registers.rdx, address));
}

}  // namespace

// rdi: address, rsi: the new L1 entry, rdx: UVMF_* flags.
Ending update_va_mapping(Registers& registers) {
    DomainMemory& own = running().domain.memory;
    return write_mapping(registers, {&own, &own});
}

// r10: whose page the entry names.
Ending update_va_mapping_otherdomain(Registers& registers) {
    const auto pages = pages_named(static_cast<std::uint32_t>(registers.r10));
    if (!pages) return answer(registers, refuse(pages.error()));
    return write_mapping(registers, {&running().domain.memory, *pages});
}

}  // namespace basalt::hypercalls
