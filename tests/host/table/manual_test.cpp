#include "manual/manual.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "table/families.hpp"
#include "table/refusals.hpp"

namespace basalt::manual {
namespace {

const std::filesystem::path tree = BASALT_SOURCE;

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Manual, IsWhatTheTableAndTheTestsSay) {
    for (const auto& [name, text] : files(promises_in(tree / "tests/guest")))
        EXPECT_TRUE(contents(tree / "hypercalls/manual" / name) == text)
            << "hypercalls/manual/" << name << " is stale: run hypercalls/manual/write";
}

TEST(Manual, EveryCaseNamesARowThatIsThere) {
    for (const Promise& promise : promises_in(tree / "tests/guest")) {
        const std::string family_name = promise.covers.substr(0, promise.covers.find('.'));
        for (const table::Family* family : table::families) {
            if (family->name != family_name || !promise.covers.contains('.')) continue;
            const bool named =
                std::ranges::any_of(family->rows, [&](const table::Row& row) { return covers(promise.covers, *family, row); });
            EXPECT_TRUE(named) << promise.guest << ": " << promise.covers;
        }
    }
}

TEST(Table, CommandsAndNamesAreThereOnce) {
    for (const table::Family* family : table::families)
        for (const table::Row& row : family->rows) {
            EXPECT_EQ(std::ranges::count(family->rows, row.command, &table::Row::command), 1) << name_of(*family, row);
            EXPECT_EQ(std::ranges::count(family->rows, row.name, &table::Row::name), 1) << name_of(*family, row);
        }
}

TEST(Table, EveryRowSaysWhatBecomesTrue) {
    for (const table::Family* family : table::families)
        for (const table::Row& row : family->rows) {
            EXPECT_FALSE(row.effect.empty()) << name_of(*family, row);
            EXPECT_FALSE(row.effect.ends_with('.')) << name_of(*family, row);
        }
}

}  // namespace
}  // namespace basalt::manual
