// The reference manual, made from the table and from the promises of the test guests. A program of the build machine.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "table/row.hpp"

namespace basalt::manual {

// A case of tests/guest: what it covers, as it says itself, and what it promises.
struct Promise {
    std::string guest;
    std::string covers;
    std::string text;
};
std::vector<Promise> promises_in(const std::filesystem::path& guests);

// "family.row", or the family's name where it has no commands.
std::string name_of(const table::Family& family, const table::Row& row);

// Does a case's text name this row? `mmuext_op.pin` names all rows that begin so.
bool covers(const std::string& text, const table::Family& family, const table::Row& row);

// "-EINVAL", "GNTST_bad_gntref"
std::string text_of(table::Answer answer);

// Every file of the manual by its name: a page for each family, README.md, and answers.txt, which lists every answer that
// tests must have seen.
std::map<std::string, std::string> files(const std::vector<Promise>& promises);

}  // namespace basalt::manual
