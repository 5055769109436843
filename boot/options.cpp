#include "boot/options.hpp"

#include <algorithm>
#include <array>

namespace basalt {
namespace {

// The number that `text` begins with, decimal or 0x hexadecimal, and what follows it.
struct Leading {
    std::uint64_t number;
    std::string_view rest;
};

constexpr unsigned digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
    if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a') + 10;
    if (letter >= 'A' && letter <= 'F') return static_cast<unsigned>(letter - 'A') + 10;
    return 16;
}

constexpr std::optional<Leading> leading_number(std::string_view text) {
    const unsigned base = text.starts_with("0x") ? 16 : 10;
    if (base == 16) text.remove_prefix(2);
    std::uint64_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && digit_of(text[digits]) < base; ++digits)
        if (__builtin_mul_overflow(number, base, &number) || __builtin_add_overflow(number, digit_of(text[digits]), &number))
            return {};
    if (digits == 0) return {};
    return Leading{number, text.substr(digits)};
}

constexpr std::optional<std::uint32_t> count_in(std::string_view text) {
    const auto found = leading_number(text);
    if (!found || !found->rest.empty() || found->number > 0xffff) return {};
    return static_cast<std::uint32_t>(found->number);
}

// As Xen reads sizes: without a suffix they are KiB.
constexpr std::optional<std::uint64_t> size_in(std::string_view text) {
    const auto found = leading_number(text);
    if (!found || found->rest.size() > 1) return {};
    unsigned shift = 10;
    switch (found->rest.empty() ? 'k' : found->rest[0]) {
        case 'b': case 'B': shift = 0; break;
        case 'k': case 'K': shift = 10; break;
        case 'm': case 'M': shift = 20; break;
        case 'g': case 'G': shift = 30; break;
        case 't': case 'T': shift = 40; break;
        default: return {};
    }
    if (found->number > ~std::uint64_t{0} >> shift) return {};
    return found->number << shift;
}

// Calls `take` for each part between separators; false as soon as one is refused.
template <typename Take>
constexpr bool each_part(std::string_view text, char separator, Take&& take) {
    for (;;) {
        const auto end = text.find(separator);
        if (!take(text.substr(0, end))) return false;
        if (end == text.npos) return true;
        text.remove_prefix(end + 1);
    }
}

bool take_memory(Options& options, std::string_view value) {
    MemoryWish wish;
    const bool good = each_part(value, ',', [&](std::string_view part) {
        const auto prefix = part.substr(0, 4);
        const bool bound = prefix == "min:" || prefix == "max:";
        const auto size = size_in(bound ? part.substr(4) : part);
        if (!size) return false;
        if (prefix == "min:") wish.least = *size;
        else if (prefix == "max:") wish.most = *size;
        else wish.size = *size;
        return true;
    });
    if (good) options.dom0_memory = wish;
    return good;
}

// "4", or Xen's range "2-4": the upper end.
bool take_vcpus(Options& options, std::string_view value) {
    const auto most = count_in(value.substr(value.find('-') + 1));
    if (!most || *most == 0) return false;
    options.dom0_vcpus = *most;
    return true;
}

bool take_cpus(Options& options, std::string_view value) {
    const auto most = count_in(value);
    if (!most || *most == 0) return false;
    options.most_cpus_wanted = *most;
    return true;
}

std::optional<Level> level_in(std::string_view text) {
    struct Name {
        std::string_view name;
        Level level;
    };
    static constexpr auto names = std::to_array<Name>({{"none", Level::error}, {"error", Level::error},
        {"warning", Level::warning}, {"info", Level::info}, {"debug", Level::debug}, {"all", Level::debug}});
    const auto found = std::ranges::find(names, text.substr(0, text.find('/')), &Name::name);
    if (found == names.end()) return {};
    return found->level;
}

bool take_level(Options& options, std::string_view value) {
    const auto level = level_in(value);
    if (level) options.shown = *level;
    return level.has_value();
}

bool take_console(Options& options, std::string_view value) {
    options.com1_wanted = options.com2_wanted = false;
    return each_part(value, ',', [&](std::string_view part) {
        if (part == "com1") options.com1_wanted = true;
        else if (part == "com2") options.com2_wanted = true;
        else if (part != "vga" && part != "none") return false;
        return true;
    });
}

bool take_line(SerialLine& line, std::string_view value) {
    const auto found = serial_line(value, line);
    if (found) line = *found;
    return found.has_value();
}
bool take_com1(Options& options, std::string_view value) { return take_line(options.com1, value); }
bool take_com2(Options& options, std::string_view value) { return take_line(options.com2, value); }

bool is_yes(std::string_view value) { return value != "0" && value != "false" && value != "off" && value != "no"; }

bool take_noreboot(Options& options, std::string_view value) {
    options.noreboot = is_yes(value);
    return true;
}

bool take_audit(Options& options, std::string_view value) {
    options.audit = is_yes(value);
    return true;
}

bool take_fault(Options& options, std::string_view value) {
    options.fault = value;
    return true;
}

bool take_scheduler(Options&, std::string_view value) { return value == "credit2"; }

// Has no effect here, and none is missed: GRUB's helpers put these on every Xen command line.
bool pass_over(Options&, std::string_view) { return true; }

struct Option {
    std::string_view name;
    bool (*take)(Options&, std::string_view value);
    std::string_view expected;
};

constexpr auto table = std::to_array<Option>({
    {"console", take_console, "a list of com1, com2, vga, none"},
    {"com1", take_com1, "baud, frame, port, irq: 115200,8n1,0x3f8,4"},
    {"com2", take_com2, "baud, frame, port, irq: 115200,8n1,0x2f8,3"},
    {"dom0_mem", take_memory, "a size, and min: and max: sizes: 1G,max:2G"},
    {"dom0_max_vcpus", take_vcpus, "a number, or a range such as 1-4"},
    {"maxcpus", take_cpus, "a number of at least 1"},
    {"loglvl", take_level, "none, error, warning, info, debug or all"},
    {"noreboot", take_noreboot, "nothing, or yes or no"},
    {"audit", take_audit, "nothing, or yes or no"},
    {"sched", take_scheduler, "credit2, which is what Basalt's scheduler answers to"},
    {"break", take_fault, "write, text, stack, assertion, panic or reference"},
    {"placeholder", pass_over, ""},
    {"no-real-mode", pass_over, ""},
    {"edd", pass_over, ""},
    {"guest_loglvl", pass_over, ""},   // what Basalt says about guests is always said once
    {"vga", pass_over, ""},
    {"ucode", pass_over, ""},
    {"smt", pass_over, ""},
    {"watchdog", pass_over, ""},
});

void take_word(Options& options, std::string_view word, Complain complain) {
    const auto equals = word.find('=');
    const auto option = std::ranges::find(table, word.substr(0, equals), &Option::name);
    if (option == table.end()) return complain({word, "an option that Basalt has"});
    const auto value = equals == word.npos ? std::string_view() : word.substr(equals + 1);
    if (!option->take(options, value)) complain({word, option->expected});
}

}  // namespace

Options parse_options(std::string_view command_line, Complain complain) {
    Options options;
    each_part(command_line, ' ', [&](std::string_view word) {
        if (!word.empty()) take_word(options, word, complain);
        return true;
    });
    return options;
}

}  // namespace basalt
