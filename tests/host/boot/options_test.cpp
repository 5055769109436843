#include "boot/options.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace basalt {
namespace {

std::vector<std::string> complaints;

Options parsed(std::string_view text) {
    complaints.clear();
    return parse_options(text, [](const Complaint& about) { complaints.emplace_back(about.word); });
}

TEST(options, nothing_is_the_default) {
    const auto options = parsed("   ");
    EXPECT_TRUE(complaints.empty());
    EXPECT_TRUE(options.com1_wanted);
    EXPECT_FALSE(options.noreboot);
    EXPECT_FALSE(options.dom0_memory.size.has_value());
}

TEST(options, what_grub_puts_on_every_xen_command_line) {
    parsed("placeholder no-real-mode edd=off console=vga,com1 com1=115200,8n1");
    EXPECT_TRUE(complaints.empty());
}

TEST(options, consoles) {
    EXPECT_TRUE(parsed("console=com2").com2_wanted);
    EXPECT_FALSE(parsed("console=com2").com1_wanted);
    EXPECT_FALSE(parsed("console=none").com1_wanted);
    parsed("console=com3");
    EXPECT_EQ(complaints, std::vector<std::string>{"console=com3"});
}

TEST(options, serial_line) {
    const auto options = parsed("com1=57600,8n1,0x3e8,5");
    EXPECT_EQ(options.com1.baud, 57600u);
    EXPECT_EQ(options.com1.port, 0x3e8);
}

TEST(options, sizes) {
    EXPECT_EQ(parsed("dom0_mem=512M").dom0_memory.size, 512ull << 20);
    EXPECT_EQ(parsed("dom0_mem=1g").dom0_memory.size, 1ull << 30);
    EXPECT_EQ(parsed("dom0_mem=0x100").dom0_memory.size, 0x100ull << 10);
    const auto both = parsed("dom0_mem=min:256M,1G,max:2G").dom0_memory;
    EXPECT_EQ(both.size, 1ull << 30);
    EXPECT_EQ(both.least, 256ull << 20);
    EXPECT_EQ(both.most, 2ull << 30);
}

TEST(options, malformed_sizes_change_nothing) {
    for (const char* word : {"dom0_mem=", "dom0_mem=12Q", "dom0_mem=M", "dom0_mem=1G,", "dom0_mem=99999999999999999999",
                             "dom0_mem=18446744073709551615G", "dom0_mem=max:"}) {
        EXPECT_FALSE(parsed(word).dom0_memory.size.has_value()) << word;
        EXPECT_EQ(complaints, std::vector<std::string>{word});
    }
}

TEST(options, vcpus) {
    EXPECT_EQ(parsed("dom0_max_vcpus=3").dom0_vcpus, 3u);
    EXPECT_EQ(parsed("dom0_max_vcpus=1-4").dom0_vcpus, 4u);
    EXPECT_EQ(parsed("dom0_max_vcpus=0").dom0_vcpus, 0u);
    EXPECT_EQ(complaints.size(), 1u);
}

TEST(options, levels) {
    EXPECT_EQ(parsed("loglvl=all").shown, Level::debug);
    EXPECT_EQ(parsed("loglvl=error/all").shown, Level::error);
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

TEST(options, unknown_words_are_named_and_the_rest_counts) {
    EXPECT_TRUE(parsed("foo bar=1 noreboot").noreboot);
    EXPECT_EQ(complaints, (std::vector<std::string>{"foo", "bar=1"}));
}

}  // namespace
}  // namespace basalt
