#include "devices/interrupts.hpp"

#include "debug/log.hpp"
#include "devices/clock_check.hpp"
#include "devices/local_apic.hpp"
#include "devices/local_apic_registers.hpp"
#include "devices/routes.hpp"
#include "devices/serial.hpp"
#include "formats/vectors.hpp"
#include "machine/flush.hpp"
#include "machine/registers.hpp"

namespace basalt {
namespace {

void report_local_error() {
    local_apic().write(LocalRegister::error_status, 0);      // 11.5.3: latches what there is to read
    log(Level::warning, "local APIC error {x}", local_apic().read(LocalRegister::error_status));
}

}  // namespace

void interrupt(std::uint64_t vector) {
    if (vector >= device_vector::first && vector <= device_vector::last)
        return device_interrupt(static_cast<std::uint8_t>(vector));
    switch (vector) {
        case vector::timer: end_interrupt(); return timer_expired();
        case vector::flush: end_interrupt(); return answer_flush_requests();
        case vector::look_at_work: return end_interrupt();       // before_guest_entry() looks
        case device_vector::console: serial_interrupt(); return end_interrupt();
        case device_vector::clock_check: end_interrupt(); return compare_clock_with_asker();
        case vector::local_error: report_local_error(); return end_interrupt();
        default: return;                                         // spurious: nothing is in service (11.9)
    }
}

}  // namespace basalt
