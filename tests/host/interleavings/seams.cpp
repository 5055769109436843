// What translations/, memory/ and paging/ ask of the machine and of domains.
#include <cstdio>
#include <cstdlib>

#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "paging/audit.hpp"
#include "paging/seams.hpp"
#include "translations/flush.hpp"

#include "world.hpp"

namespace basalt {

using interleaved::World;

CpuId current_cpu() { return CpuId(World::now().acting_cpu()); }
CpuMask online_cpus() { return {(std::uint64_t{1} << interleaved::cpus) - 1}; }
CpuTranslations& translations_of(CpuId cpu) { return World::now().translations(cpu.raw); }
CpuTranslations& translations_here() { return translations_of(current_cpu()); }
void flush_here() {
    World::now().uninterrupted([] { flush_by([] { World::now().forget("flushes"); }); });
}
void ask_to_flush(CpuId cpu) { World::now().ask_to_flush(cpu.raw); }

void while_waiting() { interleaved::wait_for_change(); }
void lock_waits() {}
void lock_taken(Rank) {}
void lock_dropped(Rank) {}

DomainMemory* domain_memory_of(DomainId owner) { return World::now().account(owner); }
void account_is_empty(DomainMemory&) {}

void assertion_failed(const char* claim, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
    std::abort();
}

namespace paging {

// Nobody grants here; and whose CPUs flush for a frame of another's has to be noted.
Lending lending(DomainId to, Mfn mfn, bool) {
    const bool noted = frame(mfn).owner_word().knowers().others != Others::none;
    return noted && World::now().account(to)->hardware ? Lending::by_privilege : Lending::none;
}
void undoing_is_due(const DomainMemory&) {}
DeviceAccess device_access(DomainId, Mfn) { return DeviceAccess::none; }
EntryLimits entry_limits() { return {page_bit::frame & ~((std::uint64_t{1} << 46) - 1)}; }

std::span<const PageEntry, hypervisor_slots> hypervisor_l4_entries(DomainId) {
    static constexpr std::array<PageEntry, hypervisor_slots> none{};
    return none;
}

}    // namespace paging
}    // namespace basalt
