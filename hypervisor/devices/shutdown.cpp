#include "devices/shutdown.hpp"

#include <atomic>

#include "abi/platform.hpp"
#include "debug/log.hpp"
#include "debug/panic.hpp"
#include "devices/clock.hpp"
#include "devices/firmware.hpp"
#include "devices/pci_config.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"
#include "machine/smp.hpp"

namespace basalt {
namespace {

constinit bool stay = false;      // written at start-up, and no Once: an early panic reads it before

// ACPI 6.4, 4.8.3.6.
void reset_by_acpi() {
    const Firmware* const found = firmware_if_found();
    if (found == nullptr || !found->fadt.can_reset) return;
    const auto& fadt = found->fadt;
    const std::uint64_t address = fadt.reset.address;
    switch (fadt.reset.space) {
        case acpi::Space::port: out8(static_cast<std::uint16_t>(address), fadt.reset_value); break;
        case acpi::Space::pci:
            write_pci({.devfn = static_cast<std::uint8_t>((address >> 32 & 31) << 3 | (address >> 16 & 7))},
                      static_cast<std::uint16_t>(address & 0xff), 1, fadt.reset_value);
            break;
        case acpi::Space::memory:
            if (const auto mapped = map_device(address, 1))
                *reinterpret_cast<volatile std::uint8_t*>(*mapped) = fadt.reset_value;
            break;
    }
}

// The chipset's reset control register: system reset, then the same with the reset bit.
void reset_by_chipset() {
    constexpr std::uint16_t reset_control = 0xcf9;
    out8(reset_control, 0x02);
    wait_microseconds(50);
    out8(reset_control, 0x06);
}

// The keyboard controller's output port drives the CPU's reset line.
void reset_by_keyboard_controller() {
    constexpr std::uint16_t command_port = 0x64;
    constexpr std::uint8_t input_full = 2;
    for (unsigned tries = 0; tries < 100'000 && (in8(command_port) & input_full); ++tries) pause_briefly();
    out8(command_port, 0xfe);
}

// An exception without an IDT leads to another, and that to shutdown, which resets the machine.
void reset_by_triple_fault() {
    load_idt({.limit = 0, .base = 0});
    asm volatile("int3");
}

constexpr std::uint16_t sleep_enable = 1 << 13;      // PM1 control, ACPI 6.4 table 4.19
constexpr unsigned power_off = 5;                    // S5
constexpr std::uint32_t wait_for_power_off_us = 1'000'000;

// The values are those to be written, but for the enable bit, and come whole: Linux reads the register first.
void write_pm1(std::uint32_t port, std::uint16_t value, std::uint16_t enable) {
    if (port == 0) return;
    out16(static_cast<std::uint16_t>(port), static_cast<std::uint16_t>((value & ~sleep_enable) | enable));
}

// Everything is said by now: a CPU that is stopped may hold the log's lock.
[[noreturn]] void halt_now() {
    stop_other_cpus();
    for (;;) {
        interrupts_off();
        halt();
    }
}

[[noreturn]] void reset_now() {
    stop_other_cpus();
    constexpr std::uint64_t patience_us = 100'000;
    for (auto reset : {reset_by_acpi, reset_by_chipset, reset_by_keyboard_controller}) {
        reset();
        wait_microseconds(patience_us);
    }
    reset_by_triple_fault();
    halt_now();
}

}  // namespace

void stay_after_errors() { stay = true; }

void halt_machine() {
    finish_log();
    halt_now();
}

void reset_machine() {
    finish_log();
    reset_now();
}

void reset_after_error(std::string_view what) {
    constexpr std::uint64_t reading_us = 5'000'000;      // as long as Xen waits
    // Said while the other CPUs run: one that is stopped may hold the log's lock.
    if (stay) {
        log(Level::error, "{}: halted, as noreboot was given; reset or switch off by hand", what);
        halt_machine();
    }
    log(Level::error, "{}: resetting in five seconds", what);
    finish_log();
    stop_other_cpus();
    wait_microseconds(reading_us);
    reset_now();
}

void reset_after_panic(bool more_can_be_said) {
    if (more_can_be_said) reset_after_error("Panic");
    if (stay) halt_now();
    reset_now();
}

Result<> enter_sleep(unsigned state, std::uint16_t type_a, std::uint16_t type_b, std::uint32_t flags) {
    const auto& fadt = firmware().fadt;
    if ((flags & XENPF_ACPI_SLEEP_EXTENDED) != 0 || fadt.pm1a_control == 0) return refuse(Error::not_permitted);
    const bool differ = type_b != 0 && ((type_a ^ type_b) & sleep_enable) != 0;
    if (flags != 0 || differ || state == 0 || state > power_off) return refuse(Error::invalid);
    if (state != power_off) return refuse(Error::not_supported);       // S3 would need every CPU brought up again
    log(Level::info, "power off");
    finish_log();
    stop_other_cpus();
    write_pm1(fadt.pm1a_control, type_a, 0);
    write_pm1(fadt.pm1b_control, type_b, 0);
    write_pm1(fadt.pm1a_control, type_a, sleep_enable);
    write_pm1(fadt.pm1b_control, type_b, sleep_enable);
    wait_microseconds(wait_for_power_off_us);
    return refuse(Error::input_output);
}

}  // namespace basalt
