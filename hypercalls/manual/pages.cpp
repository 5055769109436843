#include <algorithm>
#include <sstream>

#include "manual/manual.hpp"
#include "table/families.hpp"
#include "table/refusals.hpp"

namespace basalt::manual {
namespace {

using table::Asker;
using table::Cost;
using table::Family;
using table::Operand;
using table::Refusal;
using table::Row;
using table::Selector;
using table::Whom;

constexpr std::string_view note = "<!-- Made by hypercalls/manual/write from hypercalls/table and tests/guest. -->\n\n";

// As a sentence.
std::string sentence(std::string_view text) {
    std::string line(text);
    if (!line.empty()) line[0] = static_cast<char>(std::toupper(line[0]));
    return line + ".";
}

std::string in_table(std::string_view text) {
    std::string line;
    for (const char letter : text) line += letter == '|' ? "\\|" : std::string(1, letter);
    return line;
}

std::string_view whose(Asker asker) {
    switch (asker) {
        case Asker::anyone: return "any domain";
        case Asker::for_itself: return "any domain about itself, the privileged about others";
        case Asker::privileged: return "the privileged";
    }
    return "";
}

std::string_view about(Whom whom) {
    switch (whom) {
        case Whom::nobody: return "";
        case Whom::caller: return ", about itself alone";
        case Whom::anyone: return ", about any domain, a dying one too";
        case Whom::first_from: return ", about any domain, a dying one too";
        case Whom::living:
        case Whom::living_or_self: return ", about any living domain";
        case Whom::another:
        case Whom::remote: return ", about any living domain but itself";
        case Whom::another_dying: return ", about any domain but itself, a dying one too";
    }
    return "";
}

std::string_view text_of(Cost cost) {
    switch (cost) {
        case Cost::constant: return "constant";
        case Cost::per_element: return "per element";
        case Cost::resumed: return "per element, resumed";
    }
    return "";
}

std::string_view text_of(Operand::Way way) {
    switch (way) {
        case Operand::Way::none: return "";
        case Operand::Way::in: return "read";
        case Operand::Way::in_if_there: return "read; where it cannot be, nothing is done: 0";
        case Operand::Way::out: return "written";
        case Operand::Way::in_out: return "read and written";
    }
    return "";
}

constexpr std::string_view registers[] = {"rdi", "rsi", "rdx", "r10", "r8", "r9"};

void write_arguments(std::ostream& page, const Family& family) {
    if (family.arguments.empty()) return;
    page << "| register | argument | |\n| --- | --- | --- |\n";
    std::size_t index = 0;
    for (const auto& argument : family.arguments)
        page << "| `" << registers[index++] << "` | " << argument.name << " | " << in_table(argument.meaning) << " |\n";
    page << "\n";
}

void write_fields(std::ostream& page, const Row& row) {
    if (row.operand.size != 0)
        page << "Structure: `" << row.operand.type << "`, " << row.operand.size << " bytes, " << text_of(row.operand.way)
             << ".\n\n";
    if (row.fields.empty()) return;
    page << "| field | |\n| --- | --- |\n";
    for (const auto& field : row.fields) page << "| " << field.name << " | " << in_table(field.meaning) << " |\n";
    page << "\n";
}

void write_refusal(std::ostream& page, const Refusal& refusal) {
    page << "| " << manual::text_of(refusal.answer) << " | " << in_table(refusal.when);
    if (!refusal.untested.empty()) page << " (untested: " << in_table(refusal.untested) << ")";
    page << " |\n";
}

void write_answers(std::ostream& page, const Family& family, const Row& row) {
    page << "| answer | when |\n| --- | --- |\n";
    if (!row.is_left_out()) page << "| " << (row.success.empty() ? "0" : in_table(row.success)) << " | it is so |\n";
    each_refusal(family, row, [&](const Refusal& refusal) { write_refusal(page, refusal); });
    page << "\n";
    if (!row.told_when_refused.empty()) page << "The structure of a refused call tells " << row.told_when_refused << ".\n\n";
}

void write_promises(std::ostream& page, const Family& family, const Row& row, const std::vector<Promise>& promises) {
    std::string guest;
    for (const Promise& promise : promises) {
        if (!covers(promise.covers, family, row)) continue;
        if (guest.empty()) page << "Tests:\n";
        if (promise.guest != guest) page << "* [" << promise.guest << "](../../tests/guest/" << promise.guest << ".cpp)\n";
        guest = promise.guest;
        page << "  * " << promise.text << "\n";
    }
    if (!guest.empty()) page << "\n";
}

void write_row(std::ostream& page, const Family& family, const Row& row, const std::vector<Promise>& promises) {
    if (family.selector != Selector::none) page << "## " << row.name << " (" << row.command << ")\n\n";
    if (row.is_left_out())
        page << "Left out: " << row.left_out.reason << ". It would be: " << row.effect << ".\n\n";
    else
        page << sentence(row.effect) << "\n\n";
    write_fields(page, row);
    write_answers(page, family, row);
    const Asker asker = row.asker == Asker::anyone ? family.asker : row.asker;
    if (!row.is_left_out())
        page << "Asked by " << whose(asker) << about(row.whom) << ". Cost: " << text_of(row.cost) << ".\n\n";
    if (!row.differs.empty()) page << "Differs from stock Xen 4.17: " << row.differs << ".\n\n";
    write_promises(page, family, row, promises);
}

std::string page_of(const Family& family, const std::vector<Promise>& promises) {
    std::ostringstream page;
    page << note << "# " << family.name << " (" << family.number << ")\n\n" << sentence(family.effect) << "\n\n";
    write_arguments(page, family);
    if (family.selector != Selector::none) {
        page << "Whatever the command is:\n\n| answer | when |\n| --- | --- |\n";
        write_refusal(page, {family.unknown, "there is no such command"});
        for (const Refusal& refusal : family.refusals) write_refusal(page, refusal);
        page << "\n";
    }
    for (const Row& row : family.rows) write_row(page, family, row, promises);
    std::string text = page.str();
    text.pop_back();   // one line end at the end
    return text;
}

std::string index_page() {
    std::ostringstream page;
    page << note
         << "# Reference of hypercalls\n\nEach call, what it does, asks and answers, where it differs from stock Xen 4.17, and "
            "the tests that show it. Beside those that a row names, every row is asked with structures that are nonsense or "
            "cannot be "
            "reached and about domains that are not there ([each_row](../../tests/guest/each_row.cpp)), and by a domain "
            "without privileges ([unprivileged](../../tests/guest/unprivileged.cpp)).\n\n| number | call | commands | |\n| --- "
            "| --- | --- | --- |\n";
    for (const Family* family : table::families) {
        if (family->is_left_out()) continue;
        page << "| " << family->number << " | [" << family->name << "](" << family->name << ".md) | "
             << (family->selector == Selector::none ? std::string() : std::to_string(family->rows.size())) << " | "
             << in_table(family->effect) << " |\n";
    }
    page << "\nLeft out, all of them -ENOSYS:\n\n| number | call | why |\n| --- | --- | --- |\n";
    for (const Family* family : table::families)
        if (family->is_left_out())
            page << "| " << family->number << " | " << family->name << " | " << in_table(family->left_out.reason) << " |\n";
    return page.str();
}

// Row, answer, and, where no test can bring it about, why. An answer with several reasons is there once.
void list_answers(std::ostream& list, const std::string& name, const std::vector<Refusal>& refusals) {
    std::vector<table::Answer> told;
    for (const Refusal& refusal : refusals) {
        if (std::ranges::contains(told, refusal.answer)) continue;
        told.push_back(refusal.answer);
        const bool tested = std::ranges::any_of(
            refusals, [&](const Refusal& other) { return other.answer == refusal.answer && other.untested.empty(); });
        list << name << '\t' << (refusal.answer.is_grant_status ? "status" : "") << refusal.answer.number << '\t'
             << manual::text_of(refusal.answer) << '\t' << (tested ? "" : refusal.untested) << '\n';
    }
}

std::string answers_list() {
    std::ostringstream list;
    for (const Family* family : table::families) {
        const std::string unknown = std::string(family->name) + ".?";
        if (family->selector != Selector::none || family->is_left_out())
            list_answers(list, unknown, {Refusal{family->unknown, "there is no such command"}});
        list_answers(list, unknown, {family->refusals.begin(), family->refusals.end()});
        for (const Row& row : family->rows) {
            if (!row.is_left_out()) list << name_of(*family, row) << "\t0\t0\t\n";
            if (!row.success.empty()) list << name_of(*family, row) << "\tvalue\ta value\t\n";
            std::vector<Refusal> refusals;
            each_refusal(*family, row, [&](const Refusal& refusal) { refusals.push_back(refusal); });
            list_answers(list, name_of(*family, row), refusals);
        }
    }
    return list.str();
}

}  // namespace

std::map<std::string, std::string> files(const std::vector<Promise>& promises) {
    std::map<std::string, std::string> all{{"README.md", index_page()}, {"answers.txt", answers_list()}};
    for (const Family* family : table::families)
        if (!family->is_left_out()) all[std::string(family->name) + ".md"] = page_of(*family, promises);
    return all;
}

}  // namespace basalt::manual
