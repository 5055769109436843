// The IO-APICs: one redirection entry for each global system interrupt (GSI).
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "core/result.hpp"
#include "formats/redirection.hpp"

namespace basalt {

using Gsi = Number<struct GlobalSystemInterrupt, std::uint32_t>;

void find_io_apics();                       // all entries masked
std::uint32_t gsi_end();                    // one more than the highest GSI there is
bool gsi_exists(Gsi gsi);

Result<> write_redirection(Gsi gsi, const Redirection& entry);
void set_masked(Gsi gsi, bool masked);

// ISA interrupts reach a GSI of the same number, edge and active high, unless the firmware overrides that.
struct IsaLine {
    Gsi gsi{};
    bool level = false;
    bool active_low = false;
};
IsaLine isa_line(std::uint8_t isa_irq);
std::optional<IsaLine> isa_line_at(Gsi gsi);

// A register as Dom0 sees it through physdev_op.apic_read; `base` names the IO-APIC by its physical address.
Result<std::uint32_t> read_io_apic(std::uint64_t base, std::uint32_t index);

bool is_io_apic_page(Mfn mfn);

}  // namespace basalt
