#include "domain/own_translations.hpp"

#include "domain/domain.hpp"
#include "grants/seams.hpp"
#include "machine/flush.hpp"

namespace basalt {

void forget_own(CpuMask among) { flush_cpus(cpus_that_know({running().domain.id}, among)); }

void forget_own_page(CpuMask among, std::uint64_t address) {
    flush_page_on(cpus_that_know({running().domain.id}, among), address);
}

void grants::forget_translations() { forget_own(online_cpus()); }

}   // namespace basalt
