#include "boot/options.hpp"

#include <algorithm>
#include <array>

#include "boot/option_values.hpp"

namespace basalt {
namespace {

// Each part sets what it names and leaves the others as they are.
bool take_memory(Options& options, std::string_view value) {
    bool good = true;
    each_part(value, ',', [&](std::string_view part) {
        auto& wish = options.dom0_memory;
        const auto prefix = part.substr(0, 4);
        const bool is_bound = prefix == "min:" || prefix == "max:";
        const auto size = memory_size_in(is_bound ? part.substr(4) : part);
        const bool forbids_all = size == MemorySize() && prefix == "max:";
        good &= size && !forbids_all;
        if (size && !forbids_all) (prefix == "min:" ? wish.least : prefix == "max:" ? wish.most : wish.size) = size;
    });
    return good;
}

bool take_vcpus(Options& options, std::string_view value) {
    const auto wish = vcpus_in(value);
    if (wish) options.dom0_vcpus = *wish;
    return wish.has_value();
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
    bool good = true;
    each_part(value, ',', [&](std::string_view part) {
        if (part == "com1") options.com1_wanted = true;
        else if (part == "com2") options.com2_wanted = true;
        else good &= part == "vga" || part == "none";
    });
    return good;
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
    {"dom0_mem", take_memory, "a size, and min: and max: sizes: 1G,max:25%"},
    {"dom0_max_vcpus", take_vcpus, "a number of at least 1, or a range such as 1-4"},
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
    });
    return options;
}

}  // namespace basalt
