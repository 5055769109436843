// This CPU's local APIC (Intel SDM volume 3, chapter 11), by MSRs where there is an x2APIC, by memory otherwise.
// send_ipi() and its like (machine/kick.hpp) are here too.
#pragma once

#include <cstdint>

namespace basalt {

void switch_local_apic_on();       // on every CPU, once start_interrupts() has found where it is
void end_interrupt();              // the interrupt in service is done with
std::uint32_t local_apic_id();

// Physical page of the registers, for who decides what Dom0 may map.
std::uint64_t local_apic_page();

}  // namespace basalt
