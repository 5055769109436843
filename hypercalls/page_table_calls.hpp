// What the three page-table calls have in common: whose tables, and flushes.
#pragma once

#include "domain/domain.hpp"
#include "paging/mmu.hpp"

namespace basalt::hypercalls {

// The domid argument: low half whose pages are named, high half whose tables are written (their id + 1; 0: the caller's).
Result<DomainMemory*> pages_named(std::uint32_t domains);
Result<DomainMemory*> tables_named(std::uint32_t domains);

// The CPUs on which these vcpus of the caller's run: a bit map in guest memory, as long as the domain has vcpus.
Result<CpuMask> cpus_of_vcpus(std::uint64_t bit_map);

// The running domain's translations are forgotten on those of these CPUs that may have any, this one among them or not: where a
// vcpu of the domain was, somebody else's tables have been loaded since.
void flush_on(CpuMask among);
void flush_page_on_these(CpuMask among, std::uint64_t address);

}   // namespace basalt::hypercalls
