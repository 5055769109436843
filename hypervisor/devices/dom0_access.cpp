#include "devices/dom0_access.hpp"

#include "devices/firmware.hpp"
#include "devices/io_apic.hpp"
#include "devices/local_apic.hpp"
#include "devices/pci_guard.hpp"
#include "devices/serial.hpp"

namespace basalt {

PortAccess dom0_port(std::uint16_t port) {
    if (port == 0xcf8) return PortAccess::pci_address;
    if (port >= 0xcfc && port <= 0xcff) return PortAccess::pci_data;
    if (port == 0x42 || port == 0x43 || port == 0x61) return PortAccess::timer_channel_2;
    if (port == 0x20 || port == 0x21 || port == 0xa0 || port == 0xa1) return PortAccess::none;      // 8259s
    if (port == 0x40 || port == 0x41) return PortAccess::none;                                      // 8254
    if (serial_owns_port(port)) return PortAccess::none;
    return PortAccess::all;
}

FrameAccess own_device(Mfn mfn) {
    constexpr Mfn first_message(0xfee00), last_message(0xfeeff);      // SDM 3, 11.11.1: where messages are written
    if (mfn >= first_message && mfn <= last_message) return FrameAccess::none;
    if (mfn == mfn_of(local_apic_page())) return FrameAccess::none;
    if (is_io_apic_page(mfn)) return FrameAccess::read_only;
    if (firmware().hpet && mfn == mfn_of(*firmware().hpet)) return FrameAccess::read_only;
    return FrameAccess::all;
}

FrameAccess dom0_frame(Mfn mfn) { return is_message_table(mfn) ? FrameAccess::read_only : own_device(mfn); }

}  // namespace basalt
