#include "answers.hpp"

#include "memory.hpp"
#include "paging.hpp"
#include "table/families.hpp"
#include "text.hpp"
#include "twin.hpp"

#include <atomic>
#include <cstring>

extern "C" const std::byte image_end[];

namespace kit {

namespace {

using basalt::table::Family;
using basalt::table::Row;
using basalt::table::Selector;

constexpr std::uint32_t no_such_command = 0xfff;

// One answer, in a word: which command of which call, and what it was.
struct Answer {
    std::uint32_t number, command, code;
    bool is_status;          // of one request of a list, not of the call
    bool is_value = false;   // neither 0 nor an error
    std::uint64_t word() const {
        return 1ull << 63 | std::uint64_t{is_value} << 32 | std::uint64_t{number} << 24 | command << 12 | is_status << 11 |
               code;
    }
    static Answer from(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word >> 24 & 0xff), static_cast<std::uint32_t>(word >> 12 & 0xfff),
                static_cast<std::uint32_t>(word & 0x7ff), (word >> 11 & 1) != 0, (word >> 32 & 1) != 0};
    }
};

// Open addressing; vcpus note at once.
constexpr std::size_t most_answers = 2048;
std::array<volatile std::uint64_t, most_answers> noted;

void note_word(std::uint64_t word) {
    for (std::size_t place = word * 0x9e3779b97f4a7c15 >> 53;; place = (place + 1) % most_answers) {
        std::atomic_ref slot(const_cast<std::uint64_t&>(noted[place]));
        std::uint64_t seen = 0;
        if (slot.compare_exchange_strong(seen, word) || seen == word) return;
    }
}

const Family* family_of(unsigned number) {
    static constexpr auto by_number = [] {
        std::array<const Family*, 64> slot{};
        for (const Family* family : basalt::table::families) slot[family->number] = family;
        return slot;
    }();
    return number < by_number.size() ? by_number[number] : nullptr;
}

void note(const Family& family, std::uint32_t command, std::int64_t result, bool is_status = false) {
    constexpr std::int64_t last_error =
        -4095;    // below are values that a call returns, an address in a debug register among them
    const std::uint32_t known = family.row(command) != nullptr ? command : no_such_command;
    const bool refused = result < 0 && result >= last_error;
    const std::uint32_t code = refused ? static_cast<std::uint32_t>(-result) & 0x7ff : 0;
    note_word(Answer{family.number, known, code, is_status, !refused && result != 0}.word());
}

// What a request says can only be looked at where it is: pages of ours come and go.
bool is_readable(std::uint64_t address, std::size_t size) {
    const auto last = reinterpret_cast<std::uint64_t>(image_end);
    if (address < image_base || address >= last || last - address < size) return false;
    for (std::uint64_t page = address / page_size * page_size; page < address + size; page += page_size)
        for (unsigned level = 3; level >= 1; --level)
            if ((slot_of(page, level).value() & present) == 0) return false;
    return true;
}

template <typename T>
T* readable(std::uint64_t address, std::uint64_t count = 1) {
    return count < 100'000 && is_readable(address, count * sizeof(T)) ? reinterpret_cast<T*>(address) : nullptr;
}

std::uint32_t command_of(const mmuext_op_t& request) { return request.cmd; }
std::uint32_t command_of(const mmu_update_t& request) { return request.ptr & 3; }

// All before the one that was refused have succeeded. Which one that was, only `done` tells, unless there is just one.
template <typename Request>
void note_list(const Family& family, const CallMade& call) {
    const auto count = static_cast<std::uint32_t>(call.arguments[1]);
    const Request* const requests = readable<Request>(call.arguments[0], count);
    const auto* const told = readable<std::uint32_t>(call.arguments[2]);
    const bool one_refused = call.result < 0;
    if (count == 0 && call.result == 0) return;
    if (call.arguments[1] >> 31 & 1) return;      // resumed within a multicall: its arguments are a cursor by now
    if (requests == nullptr || count == 0 || (one_refused && count != 1 && told == nullptr))
        return note(family, no_such_command, call.result);
    const std::uint32_t done = !one_refused ? count : count == 1 ? 0 : *told;
    for (std::uint32_t place = 0; place < done && place < count; ++place) note(family, command_of(requests[place]), 0);
    if (one_refused && done < count) note(family, command_of(requests[done]), call.result);
}

void note_calls_of_list(const CallMade& call) {
    const auto count = static_cast<std::uint32_t>(call.arguments[1]);
    const auto* const entries = readable<multicall_entry_t>(call.arguments[0], count);
    if (entries == nullptr || call.result < 0) return;
    for (std::uint32_t place = 0; place < count; ++place) {
        const multicall_entry_t& entry = entries[place];
        if (entry.op == __HYPERVISOR_multicall || entry.op == __HYPERVISOR_iret) continue;
        CallMade made{static_cast<unsigned>(entry.op), {}, static_cast<std::int64_t>(entry.result)};
        for (std::size_t argument = 0; argument < made.arguments.size(); ++argument)
            made.arguments[argument] = entry.args[argument];
        note_answer(made);
    }
}

void note_statuses(const Family& family, const Row& row, const CallMade& call) {
    const auto count = static_cast<std::uint32_t>(call.arguments[2]);
    if (row.operand.status_offset == 0 || call.result < 0 || count > 4096) return;
    const auto* const requests = readable<const std::byte>(call.arguments[1], std::uint64_t{count} * row.operand.size);
    if (requests == nullptr) return;
    for (std::uint32_t place = 0; place < count; ++place) {
        std::int16_t status;
        memcpy(&status, requests + place * row.operand.size + row.operand.status_offset, sizeof status);
        if (status < 0) note(family, row.command, status, true);
    }
}

}

void note_answer(const CallMade& call) {
    const Family* const family = family_of(call.number);
    if (family == nullptr) return;
    switch (family->selector) {
        case Selector::none:
            note(*family, 0, call.result);
            return call.number == __HYPERVISOR_multicall ? note_calls_of_list(call) : void();
        case Selector::argument: {
            const bool is_memory_op = call.number == __HYPERVISOR_memory_op;      // above the command is how far it got
            const auto command = static_cast<std::uint32_t>(call.arguments[0] & (is_memory_op ? 0x3f : 0xffffffff));
            note(*family, command, call.result);
            if (const Row* const row = family->row(command)) note_statuses(*family, *row, call);
            return;
        }
        case Selector::structure: {
            const auto* const command = readable<std::uint32_t>(call.arguments[0]);
            return note(*family, command != nullptr ? *command : no_such_command, call.result);
        }
        case Selector::each_element:
            return call.number == __HYPERVISOR_mmuext_op ? note_list<mmuext_op_t>(*family, call)
                                                         : note_list<mmu_update_t>(*family, call);
    }
}

void note_success(unsigned number, std::uint32_t command) {
    if (const Family* const family = family_of(number)) note(*family, command, 0);
}

void note_status(unsigned number, std::uint32_t command, std::int64_t status) {
    if (const Family* const family = family_of(number)) note(*family, command, status, true);
}

void note_answers_of(const Twin& twin) {
    for (const auto& slot : noted)
        if (const std::uint64_t word = twin.read(slot)) note_word(word);
}

namespace {

void print_row(const Family& family, std::string_view command, std::uint32_t number) {
    Line line;
    line << "answers " << family.name;
    if (!command.empty()) line << "." << command;
    const auto before = line.text().size();
    for (const std::uint64_t word : noted) {
        const Answer answer = Answer::from(word);
        if (word == 0 || answer.number != family.number || answer.command != number) continue;
        if (answer.is_value)
            line << " value";
        else
            (line << (answer.is_status ? " status" : " ")).decimal(-static_cast<std::int64_t>(answer.code));
    }
    if (line.text().size() != before) print(line.text());
}

}

void print_answers() {
    for (const Family* const family : basalt::table::families) {
        for (const Row& row : family->rows) print_row(*family, family->selector == Selector::none ? "" : row.name, row.command);
        print_row(*family, "?", no_such_command);
    }
}

}
