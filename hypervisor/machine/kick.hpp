// Seam: how one CPU interrupts another. The local APIC driver supplies it.
#pragma once

#include <cstdint>

#include "core/number.hpp"

namespace basalt {

// Sends `vector` to another CPU, or to this one. Until the local APIC is found there is one CPU, and this does nothing.
void send_ipi(CpuId cpu, std::uint8_t vector);

// To this CPU. For NMI and #MC as well: what it interrupts may be in the middle of sending.
void interrupt_self(std::uint8_t vector);

// To every other CPU, at once and past its interrupt flag: a panic stops them, the log not being theirs any more.
void send_nmi_to_others();

// SDM 3A 8.4.4: INIT, then start-up twice. `trampoline` is a page below 1 MiB.
void send_init_and_start_up(std::uint32_t apic_id, std::uint64_t trampoline);

}  // namespace basalt
