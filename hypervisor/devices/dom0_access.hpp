// What Dom0 may touch of the machine: all that is not Basalt's own.
#pragma once

#include <cstdint>

#include "core/number.hpp"

namespace basalt {

enum class PortAccess : std::uint8_t {
    all,
    none,            // reads give all ones, writes go nowhere
    pci_address,     // four bytes at 0xcf8: the word is kept with the vcpu
    pci_data,        // 0xcfc to 0xcff: read_pci_for_dom0, write_pci_for_dom0
    timer_channel_2, // 0x42, 0x43, 0x61: guests/ emulates a counter that runs, as for every PV guest
};
constexpr bool is_pci_data(std::uint32_t port) { return port >= 0xcfc && port <= 0xcff; }
constexpr bool is_timer_channel_2(std::uint32_t port) { return port == 0x42 || port == 0x43 || port == 0x61; }

struct PortPart {
    PortAccess access = PortAccess::none;
    unsigned width = 1;
};
// What an access of so many bytes does first: where all its ports are Dom0's it is one access, otherwise it falls into
// bytes, and what belongs together of configuration space.
PortPart dom0_ports(std::uint32_t port, unsigned width);

// Of a frame that is not RAM. A writable mapping of one that is not all Dom0's is made read-only; writes through it are
// dropped, or, to configuration space, looked at (write_window_for_dom0).
enum class FrameAccess : std::uint8_t { all, read_only, configuration, none };
FrameAccess dom0_frame(Mfn mfn);
// The same, but for MSI-X tables: of what Basalt itself drives, or programs.
FrameAccess own_device(Mfn mfn);

}  // namespace basalt
