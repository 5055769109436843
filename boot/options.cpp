#include "boot/options.hpp"

#include <algorithm>
#include <array>

#include "boot/commit_fault.hpp"
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

bool take_flag(bool& flag, std::string_view value) {
    constexpr std::array<std::string_view, 6> yes{"", "1", "on", "yes", "true", "enable"};
    constexpr std::array<std::string_view, 5> no{"0", "no", "off", "false", "disable"};
    const bool is_yes = std::ranges::contains(yes, value);
    if (is_yes || std::ranges::contains(no, value)) {
        flag = is_yes;
        return true;
    }
    return false;
}
bool take_pinned(Options& options, std::string_view value) { return take_flag(options.dom0_vcpus_pinned, value); }

// More than there is room for is fitted, and told.
bool take_limit(std::uint32_t& limit, std::uint32_t most, std::string_view value) {
    const auto wished = count_in(value);
    if (!wished || *wished == 0) return false;
    limit = std::min(*wished, most);
    return *wished <= most;
}
bool take_grant_frames(Options& options, std::string_view value) {
    return take_limit(options.grants.frames, grants::most_limits.frames, value);
}
bool take_mapping_frames(Options& options, std::string_view value) {
    return take_limit(options.grants.mapping_frames, grants::most_limits.mapping_frames, value);
}

bool take_nothing(Options&, std::string_view) { return false; }

// `warning`, or `none/warning`: what is always told, and what at a limited rate.
std::optional<Levels> levels_in(std::string_view text) {
    struct Name {
        std::string_view name;
        std::optional<Level> level;
    };
    static constexpr auto names = std::to_array<Name>({{"none", {}},
                                                       {"error", Level::error},
                                                       {"warning", Level::warning},
                                                       {"info", Level::info},
                                                       {"debug", Level::debug},
                                                       {"all", Level::debug}});
    const auto named = [](std::string_view part) { return std::ranges::find(names, part, &Name::name); };
    const auto slash = text.find('/');
    const auto always = named(text.substr(0, slash));
    const auto limited = slash == text.npos ? always : named(text.substr(slash + 1));
    if (always == names.end() || limited == names.end()) return {};
    return Levels{always->level, std::max(always->level, limited->level)};
}

// What Basalt says of its own accord nobody makes it say too often: it is all shown.
bool take_level(Options& options, std::string_view value) {
    const auto levels = levels_in(value);
    if (levels) options.shown = levels->limited.value_or(Level::error);
    return levels.has_value();
}
bool take_guest_level(Options& options, std::string_view value) {
    const auto levels = levels_in(value);
    if (levels) options.about_guests = *levels;
    return levels.has_value();
}

// Nobody is left without a console who has not asked for that alone: the first line named is it, and com1 where none ever is.
bool take_console(Options& options, std::string_view value) {
    if (value == "none") {
        options.console = Console::none;
        return true;
    }
    bool good = true;
    std::optional<Console> first;
    each_part(value, ',', [&](std::string_view part) {
        const bool is_line = part == "com1" || part == "com2";
        good &= is_line;
        if (is_line && !first) first = part == "com1" ? Console::com1 : Console::com2;
    });
    options.console = first.value_or(options.console);
    return good;
}

bool take_line(SerialLine& line, std::string_view value) {
    const auto found = serial_line(value, line);
    if (found) line = *found;
    return found.has_value();
}
bool take_com1(Options& options, std::string_view value) { return take_line(options.com1, value); }
bool take_com2(Options& options, std::string_view value) { return take_line(options.com2, value); }

bool take_nmis(Options& options, std::string_view value) {
    if (value == "dom0")
        options.nmis = NmiAnswer::told_to_dom0;
    else if (value == "ignore")
        options.nmis = NmiAnswer::ignored;
    else if (value == "fatal")
        options.nmis = NmiAnswer::fatal;
    else
        return false;
    return true;
}

bool take_numa(Options& options, std::string_view value) {
    if (value != "on" && value != "off") return false;
    options.numa = value == "on";
    return true;
}
bool take_noreboot(Options& options, std::string_view value) { return take_flag(options.noreboot, value); }
bool take_audit(Options& options, std::string_view value) { return take_flag(options.audit, value); }

// hvm: for such guests, but not for the hypervisor itself.
bool take_smap(Options& options, std::string_view value) {
    bool on = false;
    if (value != "hvm" && !take_flag(on, value)) return false;
    options.smap = on;
    return true;
}

bool take_hvm(Options& options, std::string_view value) { return take_flag(options.hardware_guests, value); }

bool take_console_to_ring(Options& options, std::string_view value) { return take_flag(options.keeps_guests, value); }

bool take_sync_console(Options& options, std::string_view value) { return take_flag(options.waits_for_console, value); }

bool take_log_size(Options& options, std::string_view value) {
    const auto size = size_in(value);
    if (size) options.log_size = *size;
    return size.has_value();
}

bool take_fault(Options& options, std::string_view value) {
    const auto found = std::ranges::find(fault_names, value);
    if (found == fault_names.end()) return false;
    options.fault = *found;
    return true;
}

bool take_scheduler(Options&, std::string_view value) { return value == "credit2"; }

// Has no effect here, and none is missed: GRUB's helpers put the first of these on every Xen command line.
bool pass_over(Options&, std::string_view) { return true; }

struct Option {
    std::string_view name;
    bool (*take)(Options&, std::string_view value);
    std::string_view expected;
    std::string_view without;    // what is so where nothing, or nothing good, is said
    bool has_parts = false;      // of which the good ones count
};

constexpr std::string_view line_as_it_is = "the line as the firmware left it";

constexpr std::string_view a_level = "none, error, warning, info, debug or all, or two of them: none/warning";

constexpr auto table = std::to_array<Option>({
    {"console", take_console, "com1 or com2, or none (vga is not there yet)",
     "the line it names, or the one said before, or com1", true},
    {"com1", take_com1, "baud from 1200, frame, port, irq: 115200,8n1,0x3f8,4", line_as_it_is},
    {"com2", take_com2, "baud from 1200, frame, port, irq: 115200,8n1,0x2f8,3", line_as_it_is},
    {"dom0_mem", take_memory, "a size, and min: and max: sizes: 1G,max:25%", "what else is said of dom0_mem", true},
    {"dom0_max_vcpus", take_vcpus, "a number of at least 1, or a range such as 1-4", "one vcpu for each CPU"},
    {"dom0_vcpus_pin", take_pinned, "nothing, or yes or no", "no"},
    {"gnttab_max_frames", take_grant_frames, "1 to 256", "the nearest of these, or what was said before, or 64", true},
    {"gnttab_max_maptrack_frames", take_mapping_frames, "1 to 4096", "the nearest of these, or what was said before, or 1024",
     true},
    {"maxcpus", take_cpus, "a number of at least 1", "all CPUs"},
    {"loglvl", take_level, a_level, "info"},
    {"guest_loglvl", take_guest_level, a_level, "none/warning"},
    {"nmi", take_nmis, "dom0, ignore or fatal", "dom0"},
    {"numa", take_numa, "on or off", "on"},
    {"conring_size", take_log_size, "a size: 64K", "32K"},
    {"console_to_ring", take_console_to_ring, "nothing, or yes or no", "no"},
    {"sync_console", take_sync_console, "nothing, or yes or no", "no"},
    {"noreboot", take_noreboot, "nothing, or yes or no", "no"},
    {"audit", take_audit, "nothing, or yes or no", "no"},
    {"sched", take_scheduler, "credit2, which is what Basalt's scheduler answers to", "credit2"},
    {"smap", take_smap, "nothing, or yes, no or hvm", "SMAP is on where it works"},
    {"hvm", take_hvm, "nothing, or yes or no", "no"},
    {"break", take_fault, "write, text, stack, assertion, panic or reference", "none"},
    {"crashkernel", take_nothing, "none of this: there is no kexec, so no crash kernel can be loaded", "nothing"},
    {"placeholder", pass_over, "", ""},
    {"no-real-mode", pass_over, "", ""},
    {"edd", pass_over, "", ""},
});

constexpr auto in_words = [] {
    std::array<OptionInWords, table.size()> words;
    std::ranges::transform(table, words.begin(),
                           [](const Option& option) { return OptionInWords{option.name, option.expected, option.without}; });
    return words;
}();

class Reading {
public:
    explicit Reading(Complain complain) : complain_(complain) {}

    void take_word(std::string_view word) {
        const auto equals = word.find('=');
        const auto option = std::ranges::find(table, word.substr(0, equals), &Option::name);
        if (option == table.end()) return complain_({word, "a name that Basalt has among its options", "nothing"});
        const auto value = equals == word.npos ? std::string_view() : word.substr(equals + 1);
        bool& said = said_[static_cast<std::size_t>(option - table.begin())];
        if (option->take(options_, value))
            said = true;
        else
            complain_({word, option->expected, said && !option->has_parts ? "what was said before it" : option->without});
    }

    const Options& options() const { return options_; }

private:
    Complain complain_;
    Options options_;
    std::array<bool, table.size()> said_{};
};

}  // namespace

std::span<const OptionInWords> options_in_words() { return in_words; }

Options parse_options(std::string_view command_line, Complain complain) {
    Reading reading(complain);
    each_part(command_line, ' ', [&](std::string_view word) {
        if (!word.empty()) reading.take_word(word);
    });
    return reading.options();
}

}  // namespace basalt
