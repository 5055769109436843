#include "devices/start.hpp"

#include "devices/io_apic.hpp"
#include "devices/local_apic.hpp"
#include "devices/timer.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

// Intel 8259A datasheet. Its vectors are moved away from the exceptions, then everything is masked: what still comes is
// spurious, and ends nowhere.
void silence_8259() {
    struct {
        std::uint16_t command, data;
        std::uint8_t first_vector, cascade;
    } constexpr chips[] = {{0x20, 0x21, 0x20, 4}, {0xa0, 0xa1, 0x28, 2}};
    for (const auto& chip : chips) {
        out8(chip.command, 0x11);            // ICW1: four words follow
        out8(chip.data, chip.first_vector);
        out8(chip.data, chip.cascade);
        out8(chip.data, 0x01);               // ICW4: 8086 mode
        out8(chip.data, 0xff);               // all masked
    }
}

}  // namespace

void start_interrupts() {
    silence_8259();
    switch_local_apic_on();
    find_io_apics();
}

void devices_join_cpu() {
    switch_local_apic_on();
    start_local_timer();
}

}  // namespace basalt
