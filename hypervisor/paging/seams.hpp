// What the page rules ask of the rest of Basalt. Supplied by domain/ on the machine, by fakes under test.
#pragma once

#include <cstdint>
#include <span>

#include "core/layout.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "formats/page_entry.hpp"
#include "memory/domain_memory.hpp"

namespace basalt::paging {

inline constexpr unsigned hypervisor_slots = layout::end_slot - layout::first_slot;

// The L4 entries of Basalt's slots as this domain's roots carry them (its own per-domain area among
// them).
std::span<const PageEntry, hypervisor_slots> hypervisor_l4_entries(DomainId domain);

// What a domain may do with a frame that is not RAM. `silently_read_only` is granted, but the entry loses its
// writable bit (MSI-X tables, IO-APIC pages that Basalt runs, configuration space).
enum class DeviceAccess : std::uint8_t { none, silently_read_only, full };
DeviceAccess device_access(DomainId domain, Mfn mfn);

// A table of this domain's has come to wait for being undone. Any of its vcpus may be running here, or none.
void undoing_is_due(const DomainMemory& owner);

// Physical address bits and NX of this machine: entries may set no bits beyond.
struct EntryLimits {
    std::uint64_t forbidden = 0;
};
EntryLimits entry_limits();

}    // namespace basalt::paging
