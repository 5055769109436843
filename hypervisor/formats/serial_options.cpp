#include "formats/serial_options.hpp"

#include <array>

namespace basalt {
namespace {

std::optional<std::uint32_t> number_in(std::string_view text) {
    std::uint32_t base = 10;
    if (text.starts_with("0x")) {
        base = 16;
        text.remove_prefix(2);
    }
    if (text.empty() || text.size() > 8) return {};
    std::uint32_t number = 0;
    for (char letter : text) {
        std::uint32_t digit = 16;
        if (letter >= '0' && letter <= '9') digit = static_cast<std::uint32_t>(letter - '0');
        if (letter >= 'a' && letter <= 'f') digit = static_cast<std::uint32_t>(letter - 'a' + 10);
        if (digit >= base) return {};
        number = number * base + digit;
    }
    return number;
}

std::optional<Parity> parity_in(char letter) {
    switch (letter) {
        case 'n': return Parity::none;
        case 'o': return Parity::odd;
        case 'e': return Parity::even;
        case 'm': return Parity::mark;
        case 's': return Parity::space;
        default: return {};
    }
}

constexpr std::uint32_t slowest = 1200;    // as Xen has it: what is slower is a slip of the fingers

bool set_speed(SerialLine& line, std::string_view text) {
    if (text == "auto") return true;
    const auto baud = number_in(text);
    if (!baud || *baud < slowest || 115200 % *baud != 0) return false;
    line.baud = *baud;
    return true;
}

bool set_frame(SerialLine& line, std::string_view text) {
    if (text.size() != 3 || text[0] < '5' || text[0] > '8' || text[2] < '1' || text[2] > '2') return false;
    const auto parity = parity_in(text[1]);
    if (!parity) return false;
    line.bits = static_cast<std::uint8_t>(text[0] - '0');
    line.stop_bits = static_cast<std::uint8_t>(text[2] - '0');
    line.parity = *parity;
    return true;
}

bool set_port(SerialLine& line, std::string_view text) {
    const auto port = number_in(text);
    if (!port || *port == 0 || *port > 0xfff8) return false;
    line.port = static_cast<std::uint16_t>(*port);
    return true;
}

bool set_irq(SerialLine& line, std::string_view text) {
    const auto irq = number_in(text);
    if (!irq || *irq > 15) return false;
    line.isa_irq = static_cast<std::uint8_t>(*irq);
    return true;
}

}  // namespace

std::optional<SerialLine> serial_line(std::string_view text, SerialLine line) {
    constexpr std::array parts{set_speed, set_frame, set_port, set_irq};
    for (auto set : parts) {
        const auto comma = text.find(',');
        const auto part = text.substr(0, comma);
        if (!part.empty() && !set(line, part)) return {};
        if (comma == std::string_view::npos) return line;
        text.remove_prefix(comma + 1);
    }
    return {};
}

}  // namespace basalt
