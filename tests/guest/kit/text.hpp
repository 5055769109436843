// A line of text of bounded length, and how values become text: small numbers in decimal, addresses in hex.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

namespace kit {

class Line {
public:
    Line& operator<<(std::string_view text) {
        for (char letter : text)
            if (size_ < letters_.size()) letters_[size_++] = letter;
        return *this;
    }
    Line& operator<<(const char* text) { return *this << std::string_view{text}; }
    Line& operator<<(bool truth) { return *this << (truth ? "true" : "false"); }

    template <std::integral Number>
    Line& operator<<(Number number) {
        auto value = static_cast<std::int64_t>(number);
        if (value > -100000 && value < 100000) return decimal(value);
        return hex(static_cast<std::uint64_t>(number));
    }

    Line& decimal(std::int64_t value) {
        if (value < 0) *this << "-";
        return digits(value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value), 10);
    }
    Line& hex(std::uint64_t value) { return (*this << "0x").digits(value, 16); }

    std::string_view text() const { return {letters_.data(), size_}; }
    bool empty() const { return size_ == 0; }

private:
    Line& digits(std::uint64_t value, unsigned base) {
        if (value >= base) digits(value / base, base);
        const char digit = "0123456789abcdef"[value % base];
        return *this << std::string_view{&digit, 1};
    }

    std::array<char, 400> letters_{};
    std::size_t size_ = 0;
};

// On the hypervisor's console, or, of a domain that is not the first, on the one its toolstack keeps.
void write_console(std::string_view text);

// One line there.
template <class... Parts>
void print(Parts... parts) {
    Line line;
    (line << ... << parts) << "\n";
    write_console(line.text());
}

}
