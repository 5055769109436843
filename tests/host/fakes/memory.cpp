#include "memory.hpp"

#include <sys/mman.h>

#include "core/assert.hpp"
#include "core/per_cpu.hpp"
#include "machine.hpp"
#include "paging/seams.hpp"
#include "translations/flush.hpp"

namespace basalt {

namespace fakes {

Memory* Memory::now = nullptr;

Memory::Memory(std::uint64_t frames, std::vector<FrameSpan> taken)
    : end_(first_mib.end + frames), frames_(end_.raw), m2p_(end_.raw), free_sets_(free_set_words(end_)) {
    // Mapped, not allocated: a machine of many GiB costs only what a test touches.
    void* const mapped =
        mmap(nullptr, end_.raw * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(mapped != MAP_FAILED);
    contents_ = static_cast<std::byte*>(mapped);
    now = this;
    for (auto& each : cpu) each.translations.walks = TablesOf::either();    // where a test does not say more
    for (auto& entry : m2p_) entry = ~std::uint64_t{0};
    const FrameSpan ram[] = {{Mfn(0), end_}};
    start_memory({frames_.data(), contents_, m2p_.data(), end_}, free_sets_, ram, taken);
}

Memory::~Memory() {
    munmap(contents_, end_.raw * page_size);
    now = nullptr;
}

DomainMemory& Memory::add_domain(std::uint16_t id, std::uint64_t most, bool hardware) {
    auto& domain = domains[id] = std::make_unique<DomainMemory>(DomainId(id));
    domain->most = most;
    domain->hardware = hardware;
    return *domain;
}

}    // namespace fakes

DomainMemory* domain_memory_of(DomainId owner) {
    const auto found = fakes::Memory::now->domains.find(owner.raw);
    return found == fakes::Memory::now->domains.end() ? nullptr : found->second.get();
}

void account_is_empty(DomainMemory&) { ++fakes::Memory::now->emptied_accounts; }

CpuMask online_cpus() { return {(std::uint64_t{1} << fakes::cpus) - 1}; }

CpuTranslations& translations_of(CpuId cpu) { return fakes::Memory::now->cpu[cpu.raw].translations; }

CpuTranslations& translations_here() { return translations_of(current_cpu()); }

void flush_here() {
    flush_by([] {
        fakes::Memory::now->cpu[current_cpu().raw].cached.clear();
        ++fakes::Memory::now->flushes;
    });
}

void ask_to_flush(CpuId cpu) {
    const CpuId here = std::exchange(fakes::cpu, cpu);
    flush_here();
    fakes::cpu = here;
}

namespace paging {

void undoing_is_due(const DomainMemory&) { ++fakes::Memory::now->undoing_due; }

// Frames below 16 are anyone's with the hardware, the next 16 pretended writable, the rest nobody's.
DeviceAccess device_access(DomainId domain, Mfn mfn) {
    const auto* memory = domain_memory_of(domain);
    if (memory == nullptr || !memory->hardware || mfn.raw >= 32) return DeviceAccess::none;
    return mfn.raw < 16 ? DeviceAccess::full : DeviceAccess::silently_read_only;
}

EntryLimits entry_limits() { return {page_bit::frame & ~((std::uint64_t{1} << 46) - 1)}; }

std::span<const PageEntry, hypervisor_slots> hypervisor_l4_entries(DomainId) {
    static const auto entries = [] {
        std::array<PageEntry, hypervisor_slots> made;
        for (unsigned i = 0; i < hypervisor_slots; ++i) made[i] = PageEntry(fakes::own_slot_marker | i);
        return made;
    }();
    return entries;
}

}    // namespace paging
}    // namespace basalt
