// The page that tells the options says what the boot does.
#include "boot/options.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace basalt {
namespace {

std::string page() {
    const std::ifstream file(BASALT_SOURCE "/boot/OPTIONS.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string row_of(const OptionInWords& option) {
    std::ostringstream row;
    row << "\n| `" << option.name << "` | " << option.expected << " | " << option.without << " | ";
    return row.str();
}

TEST(options_page, has_each_option_in_the_words_of_complaints) {
    const auto text = page();
    for (const auto& option : options_in_words()) {
        const auto wanted = option.expected.empty() ? '`' + std::string(option.name) + '`' : row_of(option);
        EXPECT_NE(text.find(wanted), text.npos) << "boot/OPTIONS.md has no row that begins so:" << wanted;
    }
}

TEST(options_page, has_no_other_options) {
    const auto text = page();
    std::ptrdiff_t rows = 0;
    for (auto at = text.find("\n| `"); at != text.npos; at = text.find("\n| `", at + 1)) ++rows;
    EXPECT_EQ(rows, std::ranges::count_if(options_in_words(), [](const auto& option) { return !option.expected.empty(); }));
}

}  // namespace
}  // namespace basalt
