// Pirqs: interrupt lines and messages, as domains name them. Numbers are the machine's: a line's is its GSI, messages
// come above. A pirq is mapped (it is a domain's), then bound (it reaches that domain's event channel), and back.
//
//   Line, level: masked when it fires, unmasked when the domain ends it (end_pirq).
//   Line, edge, and message: nothing to end.
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "core/result.hpp"
#include "devices/io_apic.hpp"
#include "formats/pci.hpp"

namespace basalt {

inline constexpr std::uint32_t pirq_end = 512;   // every pirq is below; an ABI-visible bound of the pirq_eoi page

// physdev_op.setup_gsi. `exists` once that has been said, or the line is in use: its form is settled.
Result<> shape_line(Gsi gsi, bool level, bool active_low);

Result<Pirq> map_line(DomainId domain, Gsi gsi);

struct MessageRequest {
    pci::Function function;
    std::uint16_t entry = 0;          // MSI-X: which; MSI: 0
    bool extended = false;            // MSI-X
    std::uint8_t count = 1;           // MSI with several messages: they get consecutive pirqs
};
Result<Pirq> map_message(DomainId domain, const MessageRequest& request);

Result<> unmap_pirq(DomainId domain, Pirq pirq);

// The caller has an event channel for it: from here on it is delivered, first on `cpu`. `not_permitted` if not mapped.
Result<> bind_pirq(DomainId domain, Pirq pirq, CpuId cpu);
void unbind_pirq(DomainId domain, Pirq pirq);
void move_pirq(DomainId domain, Pirq pirq, CpuId cpu);

// The domain has dealt with it.
Result<> end_pirq(DomainId domain, Pirq pirq);

// Whether the domain has to end it (the bit of its pirq_eoi page, XENIRQSTAT_needs_eoi).
bool pirq_needs_end(DomainId domain, Pirq pirq);

// Everything mapped by a domain that is going away, and has no event channels any more.
void release_pirqs(DomainId domain);

// Whose it is, for the audit.
std::optional<DomainId> owner_of(Pirq pirq);

}  // namespace basalt
