// What the three page-table calls have in common: whose pages, whose tables, which CPUs.
#pragma once

#include "domain/domain.hpp"
#include "paging/mmu.hpp"

namespace basalt::hypercalls {

// The domid argument: low half whose pages are named, high half whose tables are written (their id + 1; 0: the caller's).
Result<DomainMemory*> pages_named(std::uint32_t domains);
Result<DomainMemory*> tables_named(std::uint32_t domains);

// They are a hardware-assisted guest's: it has numbers of its own for them, and all of them are memory to Basalt, its tables
// too.
inline bool numbers_its_own(DomainMemory& pages) { return PartOf<Domain, DomainMemory>::whole_of(pages).kind != GuestKind::pv; }

// The CPUs on which these vcpus of the caller's run: a bit map in guest memory, as long as the domain has vcpus.
Result<CpuMask> cpus_of_vcpus(std::uint64_t bit_map);

}   // namespace basalt::hypercalls
