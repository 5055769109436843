// A family's commands, bound to what acts: the rows of the table on one side, functions on the other, and a build that
// stops where one is without the other.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "hypercalls/call.hpp"
#include "table/row.hpp"

namespace basalt::hypercalls {

using table::Asker;
using table::Family;
using table::Row;
using table::Whom;

// Never defined: reaching one while compiling stops the build.
void row_is_not_bound();
void command_has_no_row();
void command_is_bound_twice();
void row_names_another_structure();

// The operand that a function takes, as the table should have it; checked where it is known.
struct Takes {
    std::string_view type;
    std::uint32_t size = 0;
};

template <typename Act>
struct Bound {
    std::uint32_t command;
    Act act;
    Takes takes{};
};

// What dispatch keeps of a row. One that is left out has nothing that acts.
template <typename Act>
struct Command {
    Act act = nullptr;
    Asker asker = Asker::anyone;
    Whom whom = Whom::nobody;
    Error refusal = Error::not_implemented;
    bool told_when_refused = false;
    Error denial = Error::not_permitted;
};

// The usual command: a structure at one address, copied in, acted on, and copied back if it is taken by non-const
// reference; or the address itself. Anything else a family has is its own.
using ByAddress = Result<std::int64_t> (*)(std::uint64_t address);

template <auto function>
struct Structured {
private:
    template <typename Value>
    static Result<std::int64_t> number(const Result<Value>& result) {
        if (!result) return refuse(result.error());
        if constexpr (std::is_void_v<Value>)
            return 0;
        else
            return static_cast<std::int64_t>(*result);
    }

    template <typename Value, typename Structure>
    static Result<std::int64_t> call(Result<Value> (*)(Structure&), std::uint64_t address) {
        const GuestPointer<std::remove_const_t<Structure>> pointer(address);
        auto request = TRY(pointer.read());
        const auto result = number(function(request));
        if constexpr (!std::is_const_v<Structure>)
            if (result) TRY(pointer.write(request));
        return result;
    }
    template <typename Value>
    static Result<std::int64_t> call(Result<Value> (*)(), std::uint64_t) { return number(function()); }
    static Result<std::int64_t> call(ByAddress, std::uint64_t address) { return function(address); }

    template <typename Value, typename Structure>
    static consteval Takes taken(Result<Value> (*)(Structure&)) {
        return {table::type_name<std::remove_const_t<Structure>>(), sizeof(Structure)};
    }
    template <typename Value>
    static consteval Takes taken(Result<Value> (*)()) { return {}; }
    static consteval Takes taken(ByAddress) { return {}; }

public:
    static Result<std::int64_t> act(std::uint64_t address) { return call(function, address); }
    static constexpr Takes takes = taken(function);
};

template <std::uint32_t command, auto function>
consteval Bound<ByAddress> does() { return {command, Structured<function>::act, Structured<function>::takes}; }

// In a family where some commands are resumed, all are given the registers: the structure is at rsi.
template <auto function>
Ending act_on_rsi(Registers& registers) {
    return answer(registers, Structured<function>::act(registers.rsi));
}
template <std::uint32_t command, auto function>
consteval Bound<Handler> handles() {
    if constexpr (std::is_same_v<decltype(function), Handler>)
        return {command, function};
    else
        return {command, act_on_rsi<function>, Structured<function>::takes};
}

// Logged once a family and command. What the table leaves out on purpose is nobody's loss: kernels and tools look for it at
// every boot, and do without.
enum class Missing : std::uint8_t { left_out, unknown };
void command_missing(std::string_view family, std::uint32_t command, Missing why);

template <typename Act, std::size_t count, std::size_t end>
struct Commands {
    std::string_view family;
    Error unknown;
    std::array<Command<Act>, count> commands{};
    std::array<std::uint8_t, end> index{};     // of a command's place above, plus one

    // The command, if the caller may give it and it is there.
    Result<const Command<Act>*> find(std::uint32_t number) const {
        const std::uint8_t place = number < end ? index[number] : 0;
        if (place == 0) {
            command_missing(family, number, Missing::unknown);
            return refuse(unknown);
        }
        const Command<Act>& command = commands[place - 1];
        if (command.asker == Asker::privileged && !caller_is_privileged()) return refuse(command.denial);
        if (command.act != nullptr) return &command;
        command_missing(family, number, Missing::left_out);
        return refuse(command.refusal);
    }
};

template <const Family& family>
consteval std::size_t end_of_commands() {
    std::size_t end = 0;
    for (const Row& row : family.rows) end = end > row.command ? end : row.command + std::size_t{1};
    return end;
}

template <const Family& family, typename Act, std::size_t bound_count>
consteval auto bind(const Bound<Act> (&all)[bound_count]) {
    Commands<Act, family.rows.size(), end_of_commands<family>()> made{.family = family.name, .unknown = family.unknown};
    std::size_t place = 0, found = 0;
    for (const Row& row : family.rows) {
        auto& command = made.commands[place];
        command = {nullptr, row.asker, row.whom, row.left_out.error, !row.told_when_refused.empty(), row.denial};
        for (const auto& bound : all) {
            if (bound.command != row.command) continue;
            if (command.act != nullptr) command_is_bound_twice();
            if (bound.takes.size != 0 && (bound.takes.size != row.operand.size || bound.takes.type != row.operand.type))
                row_names_another_structure();
            command.act = bound.act;
            ++found;
        }
        if ((command.act == nullptr) != row.is_left_out()) row_is_not_bound();
        made.index[row.command] = static_cast<std::uint8_t>(++place);
    }
    if (found != bound_count) command_has_no_row();
    return made;
}

template <std::size_t count, std::size_t end>
Result<std::int64_t> give(const Commands<ByAddress, count, end>& commands, std::uint32_t number, std::uint64_t address) {
    return TRY(commands.find(number))->act(address);
}
template <std::size_t count, std::size_t end>
Ending give(const Commands<Handler, count, end>& commands, std::uint32_t number, Registers& registers) {
    const auto command = commands.find(number);
    return command ? (*command)->act(registers) : answer(registers, refuse(command.error()));
}

}  // namespace basalt::hypercalls
