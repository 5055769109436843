// PCI configuration space: addresses and the two interrupt capabilities (PCI Local Bus 3.0, 6.7 and 6.8).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace basalt::pci {

struct Function {
    std::uint16_t segment = 0;
    std::uint8_t bus = 0;
    std::uint8_t devfn = 0;
    friend constexpr auto operator<=>(const Function&, const Function&) = default;

    // 3.2.2.3.2: the word for port 0xcf8; the low two bits of the offset go into the data port's number.
    constexpr std::uint32_t port_word(std::uint8_t offset) const {
        return 0x8000'0000u | std::uint32_t{bus} << 16 | std::uint32_t{devfn} << 8 | (offset & 0xfcu);
    }
};

namespace offset {
inline constexpr std::uint16_t vendor = 0x00;
inline constexpr std::uint16_t command = 0x04;
inline constexpr std::uint16_t status = 0x06;
inline constexpr std::uint16_t header_type = 0x0e;
inline constexpr std::uint16_t first_bar = 0x10;
inline constexpr std::uint16_t capabilities = 0x34;
}  // namespace offset

inline constexpr std::uint16_t status_has_capabilities = 1 << 4;
inline constexpr std::uint16_t command_memory = 1 << 1;
inline constexpr std::uint16_t command_no_intx = 1 << 10;

enum class Capability : std::uint8_t { msi = 0x05, msix = 0x11 };

// 6.8.1: the layout depends on two bits of Message Control.
struct MsiControl {
    std::uint16_t word = 0;
    static constexpr std::uint16_t enable = 1;
    constexpr bool enabled() const { return word & enable; }
    constexpr unsigned capable() const { return 1u << ((word >> 1) & 7); }
    constexpr bool wide() const { return word & (1 << 7); }
    constexpr bool maskable() const { return word & (1 << 8); }
    constexpr std::uint16_t data_offset() const { return wide() ? 12 : 8; }
    constexpr std::uint16_t mask_offset() const { return wide() ? 16 : 12; }
    constexpr MsiControl with_count(unsigned log2_of_messages) const {
        return {static_cast<std::uint16_t>((word & ~0x70) | (log2_of_messages << 4))};
    }
    constexpr std::uint16_t length() const { return static_cast<std::uint16_t>(data_offset() + 2 + (maskable() ? 10 : 0)); }
};
static_assert(MsiControl{0x0186}.capable() == 8 && MsiControl{0x0186}.maskable() && MsiControl{0x0186}.wide());

// 6.8.2.
struct MsixControl {
    std::uint16_t word = 0;
    static constexpr std::uint16_t enable = 1 << 15;
    static constexpr std::uint16_t mask_all = 1 << 14;
    constexpr bool enabled() const { return word & enable; }
    constexpr unsigned entries() const { return (word & 0x7ffu) + 1; }
};
struct MsixTable {
    std::uint32_t word = 0;
    constexpr unsigned bar() const { return word & 7; }
    constexpr std::uint32_t offset() const { return word & ~7u; }
};
inline constexpr unsigned msix_entry_size = 16;
inline constexpr std::uint32_t msix_masked = 1;

}  // namespace basalt::pci
