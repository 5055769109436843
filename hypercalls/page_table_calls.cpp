#include "hypercalls/page_table_calls.hpp"

#include <array>

#include "abi/xen.hpp"
#include "domain/guest_pointer.hpp"
#include "hypercalls/subject.hpp"

namespace basalt::hypercalls {
namespace {

constexpr unsigned tables_shift = 16;

Result<DomainMemory*> memory_of(DomainId id) { return &(TRY(subject(Asker::for_itself, Whom::nobody, id)))->memory; }

}  // namespace

// Whose pages: DOMID_SELF, or another domain that the caller may act for, of which it is none itself. Device memory belongs
// to DOMID_IO: whoever may map it names it so.
Result<DomainMemory*> pages_named(std::uint32_t domains) {
    const DomainId id(static_cast<std::uint16_t>(domains));
    Domain& caller = running().domain;
    if (id == DomainId(DOMID_SELF)) return &caller.memory;
    if (id == caller.id) return refuse(Error::no_such_process);
    if (id == DomainId(DOMID_IO)) return &(TRY(subject(Asker::privileged, Whom::caller, id)))->memory;
    return memory_of(id);
}

// Whose tables: by number alone.
Result<DomainMemory*> tables_named(std::uint32_t domains) {
    const auto number = static_cast<std::uint16_t>(domains >> tables_shift);
    if (number == 0) return &running().domain.memory;
    const DomainId id(static_cast<std::uint16_t>(number - 1));
    if (id == DomainId(DOMID_SELF)) return refuse(Error::no_such_process);
    return memory_of(id);
}

Result<CpuMask> cpus_of_vcpus(std::uint64_t bit_map) {
    const Domain& domain = running().domain;
    std::array<std::uint8_t, most_vcpus / 8> bits{};
    const std::size_t vcpus = domain.vcpus().size();
    TRY(GuestPointer<std::uint8_t>(bit_map).read(std::span(bits).first((vcpus + 7) / 8)));
    CpuMask cpus;
    for (const Vcpu* vcpu : domain.vcpus()) {
        const bool named = (bits[vcpu->id.raw / 8] >> vcpu->id.raw % 8 & 1) != 0;
        if (named && vcpu->unit.on_cpu()) cpus = cpus.with(vcpu->unit.cpu());
    }
    return cpus;
}

}  // namespace basalt::hypercalls
