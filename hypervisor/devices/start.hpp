// The order in which the machine's devices come to life. Each needs what is above it.
#pragma once

namespace basalt {

void find_firmware();          // ACPI tables; needs map_device()
void look_at_pci();            // from here on MSI-X tables are guarded, and the windows of configuration space known
void start_interrupts();       // 8259s silent, local APIC on, IO-APICs all masked
void start_time();             // clocks measured; from here on system_time() runs and program_timer() works
void start_serial_interrupts(bool output_too);     // characters arrive by interrupt, and are sent by it

// Each further CPU, in cpu_started().
void devices_join_cpu();

// Once all CPUs run: whether their TSCs agree. Until then clock_is_stable() says no.
void check_clocks_agree();

}  // namespace basalt
