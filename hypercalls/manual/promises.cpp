#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>

#include "manual/manual.hpp"

namespace basalt::manual {
namespace {

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

// A case is written `{"row", "promise", [] {`, its strings perhaps in pieces. A guest whose case names no row does not compile
// (tests/guest/kit/case.hpp), and one about no call is written `{in_words("far returns"),`: the manual has no page for it.
const std::regex case_pattern(R"re(\{"([^"]+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*(?:\[|[a-z_]+(?:<[^>]*>)?\}))re");

std::string joined(const std::string& pieces) {
    std::string text;
    bool inside = false;
    for (const char letter : pieces) {
        if (letter == '"')
            inside = !inside;
        else if (inside)
            text += letter;
    }
    return text;
}

}  // namespace

std::vector<Promise> promises_in(const std::filesystem::path& guests) {
    std::vector<std::filesystem::path> sources;
    for (const auto& entry : std::filesystem::directory_iterator(guests))
        if (entry.path().extension() == ".cpp") sources.push_back(entry.path());
    std::ranges::sort(sources);
    std::vector<Promise> found;
    for (const auto& source : sources) {
        const std::string text = contents(source);
        for (auto match = std::sregex_iterator(text.begin(), text.end(), case_pattern); match != std::sregex_iterator();
             ++match)
            found.push_back({source.stem().string(), (*match)[1], joined((*match)[2])});
    }
    return found;
}

std::string name_of(const table::Family& family, const table::Row& row) {
    const std::string name(family.name);
    return family.selector == table::Selector::none ? name : name + "." + std::string(row.name);
}

bool covers(const std::string& text, const table::Family& family, const table::Row& row) {
    const std::string name = name_of(family, row);
    return text == name || (text.contains('.') && name.starts_with(text + "_"));
}

}  // namespace basalt::manual
