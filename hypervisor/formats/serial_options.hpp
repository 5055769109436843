// `com1=115200,8n1,0x3f8,4`: what Xen's option of that name says. Each part may be left out from the right.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace basalt {

enum class Parity : std::uint8_t { none = 0, odd = 1, even = 3, mark = 5, space = 7 };

struct SerialLine {
    std::uint16_t port = 0x3f8;
    std::uint8_t isa_irq = 4;          // 0: none, input is not received
    std::uint32_t baud = 0;            // 0: as the firmware left it
    std::uint8_t bits = 8;
    std::uint8_t stop_bits = 1;
    Parity parity = Parity::none;
    friend constexpr bool operator==(const SerialLine&, const SerialLine&) = default;
};

inline constexpr SerialLine com1{.port = 0x3f8, .isa_irq = 4};
inline constexpr SerialLine com2{.port = 0x2f8, .isa_irq = 3};

// Nothing if the text is malformed.
std::optional<SerialLine> serial_line(std::string_view text, SerialLine line);

}  // namespace basalt
