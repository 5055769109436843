// What the page rules, the frame records and grants ask of domains and of the machine.
#include "core/layout.hpp"
#include "devices/dom0_access.hpp"
#include "devices/pci_devices.hpp"
#include "domain/domain.hpp"
#include "domain/own_frames.hpp"
#include "grants/seams.hpp"
#include "machine/features.hpp"
#include "machine/page_entry.hpp"
#include "paging/seams.hpp"
#include "paging/take.hpp"

namespace basalt {

bool may_hold_registers(Mfn first, Mfn last) {
    for (Mfn mfn = first; mfn <= last; ++mfn)
        if (is_ram(mfn) || own_device(mfn) != FrameAccess::all) return false;
    return true;
}

Result<Mfn> grants::numbered_by_itself(DomainId domain, std::uint64_t number) {
    return machine_number(*TRY(listed_domain(domain)), Pfn(number));
}

Result<FrameUse> grants::hold_writable(Mfn frame, DomainId owner) {
    DomainMemory* const memory = domain_memory_of(owner);
    if (memory == nullptr) return refuse(Error::invalid);
    return paging::take_writable(frame, *memory);
}

namespace paging {

std::span<const PageEntry, hypervisor_slots> hypervisor_l4_entries(DomainId id) {
    const auto domain = listed_domain(id);
    ASSERT(domain);
    return (*domain)->l4_entries;
}

DeviceAccess device_access(DomainId id, Mfn mfn) {
    const auto domain = listed_domain(id);
    if (!domain || !(*domain)->privileged) return DeviceAccess::none;
    switch (dom0_frame(mfn)) {
        case FrameAccess::all: return DeviceAccess::full;
        case FrameAccess::read_only:
        case FrameAccess::configuration: return DeviceAccess::silently_read_only;
        case FrameAccess::none: break;
    }
    return DeviceAccess::none;
}

EntryLimits entry_limits() {
    const std::uint64_t beyond = ~((std::uint64_t{1} << features().physical_bits) - 1) & page_bit::frame;
    return {beyond | (features().no_execute ? 0 : page_bit::no_execute)};
}

}  // namespace paging
}  // namespace basalt
