#include "boot/options.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace basalt {
namespace {

std::vector<std::string> complaints;
std::string instead;       // of the last

Options parsed(std::string_view text) {
    complaints.clear();
    instead.clear();
    return parse_options(text, [](const Complaint& about) {
        EXPECT_FALSE(about.expected.empty()) << about.word;
        complaints.emplace_back(about.word);
        instead = about.instead;
    });
}

TEST(options, nothing_is_the_default) {
    const auto options = parsed("   ");
    EXPECT_TRUE(complaints.empty());
    EXPECT_EQ(options.console, Console::com1);
    EXPECT_FALSE(options.noreboot);
    EXPECT_FALSE(options.dom0_memory.size.has_value());
}

TEST(options, smap_is_decided_only_where_it_is_named) {
    EXPECT_EQ(parsed("").smap, std::nullopt);
    EXPECT_EQ(parsed("smap").smap, true);
    EXPECT_EQ(parsed("smap=yes").smap, true);
    EXPECT_EQ(parsed("smap=no").smap, false);
    EXPECT_EQ(parsed("smap=hvm").smap, false);
    EXPECT_TRUE(complaints.empty());
}

TEST(options, what_grub_puts_on_every_xen_command_line) {
    parsed("placeholder no-real-mode edd=off com1=115200,8n1");
    EXPECT_TRUE(complaints.empty());
}

TEST(options, consoles) {
    for (const auto [text, console] : {std::pair{"console=com2", Console::com2},
                                       {"console=com1", Console::com1},
                                       {"console=none", Console::none},
                                       {"console=com2,com1", Console::com2}}) {
        EXPECT_EQ(parsed(text).console, console) << text;
        EXPECT_TRUE(complaints.empty()) << text;
    }
}

TEST(options, a_slip_never_costs_the_console) {
    for (const auto [text, console] : {std::pair{"console=vga", Console::com1},
                                       {"console=foo", Console::com1},
                                       {"console=", Console::com1},
                                       {"console=com2,vga", Console::com2},
                                       {"console=vga,com2", Console::com2},
                                       {"console=comm2", Console::com1},
                                       {"console=COM1", Console::com1},
                                       {"console", Console::com1},
                                       {"console=com2 console=foo", Console::com2},
                                       {"console=none,com2", Console::com2},
                                       {"console=none,vga", Console::com1}}) {
        EXPECT_EQ(parsed(text).console, console) << text;
        EXPECT_EQ(complaints.size(), 1u) << text;
    }
}

TEST(options, each_that_takes_a_value_tells_of_a_bad_one_and_what_counts) {
    for (const auto [text, counts] :
         {std::pair{"com1=5", "the line as the firmware left it"},
          {"com2=115200,8x1", "the line as the firmware left it"},
          {"com1=9600 com1=fast", "what was said before it"},
          {"console=com2 console=foo", "the line it names, or the one said before, or com1"},
          {"dom0_mem=1G dom0_mem=lots", "what else is said of dom0_mem"},
          {"dom0_max_vcpus=4-2", "one vcpu for each CPU"},
          {"dom0_max_vcpus=2 dom0_max_vcpus=none", "what was said before it"},
          {"dom0_vcpus_pin=perhaps", "no"},
          {"gnttab_max_frames=0", "the nearest of these, or what was said before, or 64"},
          {"gnttab_max_frames=many", "the nearest of these, or what was said before, or 64"},
          {"gnttab_max_maptrack_frames=4097", "the nearest of these, or what was said before, or 1024"},
          {"crashkernel=256M", "nothing"},
          {"maxcpus=0", "all CPUs"},
          {"loglvl=loud", "info"},
          {"guest_loglvl=none/loud", "none/warning"},
          {"conring_size=big", "32K"},
          {"console_to_ring=2", "no"},
          {"sync_console=2", "no"},
          {"noreboot=perhaps", "no"},
          {"numa=fake=4", "on"},
          {"audit=2", "no"},
          {"sched=credit", "credit2"},
          {"break=nonsense", "none"},
          {"break", "none"},
          {"smt=0", "nothing"},
          {"watchdog", "nothing"},
          {"foo=bar", "nothing"}}) {
        parsed(text);
        EXPECT_EQ(complaints.size(), 1u) << text;
        EXPECT_EQ(instead, counts) << text;
    }
    EXPECT_TRUE(parsed("break=nonsense").fault.empty());
    EXPECT_EQ(parsed("com1=9600 com1=fast").com1.baud, 9600u);
}

TEST(options, limits_of_grants) {
    const auto usual = parsed("").grants;
    EXPECT_EQ(usual.frames, 64u);
    EXPECT_EQ(usual.mapping_frames, 1024u);
    const auto chosen = parsed("gnttab_max_frames=200 gnttab_max_maptrack_frames=8").grants;
    EXPECT_TRUE(complaints.empty());
    EXPECT_EQ(chosen.frames, 200u);
    EXPECT_EQ(chosen.mapping_frames, 8u);
    EXPECT_EQ(parsed("gnttab_max_frames=60000").grants.frames, grants::most_limits.frames);
    EXPECT_EQ(complaints.size(), 1u);
    EXPECT_EQ(parsed("gnttab_max_frames=5 gnttab_max_frames=none").grants.frames, 5u);
}

TEST(options, dom0_s_vcpus_are_pinned_where_asked) {
    EXPECT_FALSE(parsed("").dom0_vcpus_pinned);
    EXPECT_TRUE(parsed("dom0_vcpus_pin").dom0_vcpus_pinned);
    EXPECT_FALSE(parsed("dom0_vcpus_pin dom0_vcpus_pin=off").dom0_vcpus_pinned);
}

TEST(options, serial_line) {
    const auto options = parsed("com1=57600,8n1,0x3e8,5");
    EXPECT_EQ(options.com1.baud, 57600u);
    EXPECT_EQ(options.com1.port, 0x3e8);
}

constexpr MemorySize bytes(std::uint64_t bytes) { return {.bytes = bytes}; }

TEST(options, sizes) {
    EXPECT_EQ(parsed("dom0_mem=512M").dom0_memory.size, bytes(512ull << 20));
    EXPECT_EQ(parsed("dom0_mem=1g").dom0_memory.size, bytes(1ull << 30));
    EXPECT_EQ(parsed("dom0_mem=0x100").dom0_memory.size, bytes(0x100ull << 10));
    EXPECT_EQ(parsed("dom0_mem=25%").dom0_memory.size, (MemorySize{.percent = 25}));
    EXPECT_EQ(parsed("dom0_mem=1G+25%").dom0_memory.size, (MemorySize{1ull << 30, 25}));
    EXPECT_EQ(parsed("dom0_mem=-1G").dom0_memory.size, (MemorySize{1ull << 30, 0, true}));
    const auto both = parsed("dom0_mem=min:256M,1G,max:50%").dom0_memory;
    EXPECT_EQ(both.size, bytes(1ull << 30));
    EXPECT_EQ(both.least, bytes(256ull << 20));
    EXPECT_EQ(both.most, (MemorySize{.percent = 50}));
}

TEST(options, each_dom0_mem_sets_only_what_it_names) {
    const auto wish = parsed("dom0_mem=256M,max:512M dom0_mem=min:300M dom0_mem=max:1G").dom0_memory;
    EXPECT_EQ(wish.size, bytes(256ull << 20));
    EXPECT_EQ(wish.least, bytes(300ull << 20));
    EXPECT_EQ(wish.most, bytes(1ull << 30));
    EXPECT_EQ(parsed("dom0_mem=1G,max:junk").dom0_memory.size, bytes(1ull << 30));
    EXPECT_EQ(complaints.size(), 1u);
}

TEST(options, malformed_sizes_change_nothing) {
    for (const char* word : {"dom0_mem=", "dom0_mem=12Q", "dom0_mem=M", "dom0_mem=--1G", "dom0_mem=99999999999999999999",
                             "dom0_mem=18446744073709551615G", "dom0_mem=max:", "dom0_mem=100%", "dom0_mem=25%+1G",
                             "dom0_mem=1G+1G", "dom0_mem=max:0", "dom0_mem=1G+", "dom0_mem=+5%"}) {
        const auto wish = parsed(word).dom0_memory;
        EXPECT_FALSE(wish.size || wish.least || wish.most) << word;
        EXPECT_EQ(complaints, std::vector<std::string>{word});
    }
}

TEST(options, vcpus) {
    const auto wish = [](const char* text) {
        const auto vcpus = parsed(std::string("dom0_max_vcpus=") + text).dom0_vcpus;
        return std::pair(vcpus.least, vcpus.most);
    };
    constexpr auto any = ~std::uint32_t{0};
    EXPECT_EQ(wish("3"), std::pair(3u, 3u));
    EXPECT_EQ(wish("1-4"), std::pair(1u, 4u));
    EXPECT_EQ(wish("-4"), std::pair(1u, 4u));
    EXPECT_EQ(wish("2-"), std::pair(2u, any));
    for (const char* text : {"0", "4-2", "-", "", "1-4-5", "two", "-0"}) {
        EXPECT_EQ(wish(text), std::pair(1u, any)) << text;
        EXPECT_EQ(complaints.size(), 1u) << text;
    }
}

TEST(options, levels) {
    EXPECT_EQ(parsed("loglvl=all").shown, Level::debug);
    EXPECT_EQ(parsed("loglvl=error/all").shown, Level::debug);
    EXPECT_EQ(parsed("loglvl=loud").shown, Options{}.shown);
    EXPECT_EQ(complaints.size(), 1u);
}

TEST(options, switches) {
    EXPECT_TRUE(parsed("noreboot").noreboot);
    EXPECT_TRUE(parsed("noreboot=yes").noreboot);
    EXPECT_FALSE(parsed("noreboot=0").noreboot);
    EXPECT_FALSE(parsed("").audit);
    EXPECT_TRUE(parsed("audit").audit);
    EXPECT_FALSE(parsed("audit=no").audit);
    EXPECT_EQ(parsed("maxcpus=2").most_cpus_wanted, 2u);
}

TEST(options, Numa) {
    EXPECT_TRUE(parsed("").numa);
    EXPECT_FALSE(parsed("numa=off").numa);
    EXPECT_TRUE(parsed("numa=off numa=on").numa);
}

TEST(options, nmis) {
    EXPECT_EQ(parsed("").nmis, NmiAnswer::told_to_dom0);
    EXPECT_EQ(parsed("nmi=ignore").nmis, NmiAnswer::ignored);
    EXPECT_EQ(parsed("nmi=fatal").nmis, NmiAnswer::fatal);
    EXPECT_EQ(parsed("nmi=fatal nmi=dom0").nmis, NmiAnswer::told_to_dom0);
    EXPECT_TRUE(complaints.empty());
    EXPECT_EQ(parsed("nmi=fatal nmi=once").nmis, NmiAnswer::fatal);
    EXPECT_EQ(complaints, std::vector<std::string>{"nmi=once"});
}

TEST(options, messages_about_guests) {
    const auto levels = [](std::string_view line) {
        const Levels said = parsed(line).about_guests;
        return std::pair(said.always, said.limited);
    };
    using Both = std::pair<std::optional<Level>, std::optional<Level>>;
    EXPECT_EQ(levels(""), Both({}, Level::warning));
    EXPECT_EQ(levels("guest_loglvl=none"), Both({}, {}));
    EXPECT_EQ(levels("guest_loglvl=error"), Both(Level::error, Level::error));
    EXPECT_EQ(levels("guest_loglvl=error/all"), Both(Level::error, Level::debug));
    EXPECT_EQ(levels("guest_loglvl=info/error"), Both(Level::info, Level::info));
}

TEST(options, the_log) {
    EXPECT_EQ(parsed("conring_size=64k").log_size, 64u << 10);
    EXPECT_EQ(parsed("conring_size=64").log_size, 64u << 10);
    EXPECT_TRUE(parsed("console_to_ring").keeps_guests);
    EXPECT_FALSE(parsed("").keeps_guests);
    EXPECT_TRUE(parsed("sync_console").waits_for_console);
    EXPECT_FALSE(parsed("").waits_for_console);
}

TEST(options, unknown_words_are_named_and_the_rest_counts) {
    EXPECT_TRUE(parsed("foo bar=1 noreboot").noreboot);
    EXPECT_EQ(complaints, (std::vector<std::string>{"foo", "bar=1"}));
}

}  // namespace
}  // namespace basalt
