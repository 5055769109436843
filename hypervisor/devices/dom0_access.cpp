#include "devices/dom0_access.hpp"

#include <algorithm>
#include <bit>

#include "devices/firmware.hpp"
#include "devices/io_apic.hpp"
#include "devices/local_apic.hpp"
#include "devices/pci_guard.hpp"
#include "devices/pci_window.hpp"
#include "devices/serial.hpp"

namespace basalt {

namespace {

// One port: one byte of an access.
PortAccess one_port(std::uint32_t port) {
    if (port > 0xffff) return PortAccess::none;
    if (is_pci_data(port)) return PortAccess::pci_data;
    if (is_timer_channel_2(port)) return PortAccess::timer_channel_2;
    if (port == 0x20 || port == 0x21 || port == 0xa0 || port == 0xa1) return PortAccess::none;      // 8259s
    if (port == 0x40 || port == 0x41) return PortAccess::none;                                      // 8254
    if (serial_owns_port(static_cast<std::uint16_t>(port))) return PortAccess::none;
    return PortAccess::all;
}

}  // namespace

PortPart dom0_ports(std::uint32_t port, unsigned width) {
    constexpr std::uint32_t pci_address_port = 0xcf8;
    if (port == pci_address_port && width == 4) return {PortAccess::pci_address, 4};
    if (is_pci_data(port)) return {PortAccess::pci_data, std::bit_floor(std::min(width, 4 - port % 4))};
    bool all = true;
    for (unsigned byte = 0; byte < width; ++byte) all = all && one_port(port + byte) == PortAccess::all;
    if (all) return {PortAccess::all, width};
    return {one_port(port), 1};
}

FrameAccess own_device(Mfn mfn) {
    constexpr Mfn first_message(0xfee00), last_message(0xfeeff);      // SDM 3, 11.11.1: where messages are written
    if (mfn >= first_message && mfn <= last_message) return FrameAccess::none;
    if (mfn == mfn_of(local_apic_page())) return FrameAccess::none;
    if (is_io_apic_page(mfn)) return FrameAccess::read_only;
    if (firmware().hpet && mfn == mfn_of(*firmware().hpet)) return FrameAccess::read_only;
    if (function_in_window(mfn)) return FrameAccess::configuration;
    return FrameAccess::all;
}

FrameAccess dom0_frame(Mfn mfn) { return is_message_table(mfn) ? FrameAccess::read_only : own_device(mfn); }

}  // namespace basalt
