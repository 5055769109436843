#include "debug/format.hpp"

#include <algorithm>

namespace basalt {
namespace {

class Output {
public:
    explicit Output(std::span<char> to) : to_(to) {}

    void put(char letter) {
        if (used_ < to_.size()) to_[used_++] = letter;
    }
    void put(std::string_view text) {
        for (const char letter : text) put(letter);
    }
    void put_number(std::uint64_t number, const Placeholder& as) {
        const unsigned base = as.hexadecimal ? 16 : 10;
        char digits[20];   // 2^64 has twenty in decimal
        std::size_t count = 0;
        do {
            digits[count++] = "0123456789abcdef"[number % base];
            number /= base;
        } while (number != 0);
        for (auto width = as.digits; width > count; --width) put('0');
        while (count != 0) put(digits[--count]);
    }
    std::size_t used() const { return used_; }

private:
    std::span<char> to_;
    std::size_t used_ = 0;
};

void put_argument(Output& out, const Argument& argument, const Placeholder& as) {
    switch (argument.kind) {
        case Argument::Kind::text: out.put(argument.text); return;
        case Argument::Kind::character: out.put(static_cast<char>(argument.number)); return;
        case Argument::Kind::negative: out.put('-'); [[fallthrough]];
        case Argument::Kind::positive: out.put_number(argument.number, as);
    }
}

}  // namespace

std::size_t format_into(std::span<char> to, std::string_view format, std::span<const Argument> arguments) {
    Output out(to);
    std::size_t next = 0;
    for (std::size_t at = 0; at < format.size(); ++at) {
        const auto found = format[at] == '{' ? placeholder_at(format.substr(at)) : Placeholder{};
        if (found.length == 0 || next == arguments.size()) {
            out.put(format[at]);
            continue;
        }
        put_argument(out, arguments[next++], found);
        at += found.length - 1;
    }
    return out.used();
}

}  // namespace basalt
