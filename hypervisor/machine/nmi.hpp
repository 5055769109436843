// NMIs that came, and why.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "machine/registers.hpp"

namespace basalt {

// What is done about one that the machine sends: Xen's nmi= option.
enum class NmiAnswer : std::uint8_t { told_to_dom0, ignored, fatal };
void answer_nmis(NmiAnswer answer);   // once, at start-up
NmiAnswer answer_to_nmis();

// What the machine's port for it says. XEN_NMIREASON_* of <xen/nmi.h> have these numbers.
enum class NmiCause : std::uint8_t { io_check, system_error, unknown };
inline constexpr std::array<std::string_view, 3> nmi_causes{"I/O check (IOCHK)", "PCI system error (SERR)",
                                                            "for an unknown reason"};

struct NmisSeen {
    std::uint32_t count = 0;
    std::uint8_t causes = 0;   // bits of NmiCause
    bool has(NmiCause cause) const { return (causes >> static_cast<unsigned>(cause) & 1) != 0; }
};

// In an NMI. Only the first CPU's are the machine's to send: on others there is nothing to ask for a cause.
void note_nmi(const Registers& registers);

// Those of this CPU since the last time; the machine may send further ones.
NmisSeen take_nmis();

}  // namespace basalt
