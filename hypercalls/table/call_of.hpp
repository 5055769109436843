// Calls made from the table, for whoever makes them: number and arguments in the order of the registers. What is no row, is
// left out, or has another structure than the row's does not compile.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "table/row.hpp"

namespace basalt::table {

struct Call {
    std::uint64_t number;
    std::array<std::uint64_t, 5> arguments;
};

template <const Row& row, typename Argument>
constexpr std::uint64_t word_of(Argument& argument) {
    if constexpr (std::is_integral_v<Argument>) {
        return static_cast<std::uint64_t>(argument);
    } else {
        static_assert(row.operand.template is<std::remove_const_t<Argument>>(), "the row has another structure");
        return reinterpret_cast<std::uint64_t>(&argument);
    }
}

// The arguments behind the command: numbers by value, the row's structure by its address. A structure in which the command
// stands has it, and the interface version, written into it.
template <const Family& family, std::uint32_t command, typename... Arguments>
constexpr Call call_of(Arguments&&... arguments) {
    static_assert(family.row(command) != nullptr && !family.row(command)->is_left_out(), "there is no such row");
    static constexpr const Row& row = *family.row(command);
    if constexpr (family.selector == Selector::structure) {
        ((arguments.cmd = command, arguments.interface_version = family.interface_version), ...);
        return {family.number, {word_of<row>(arguments)...}};
    } else if constexpr (family.selector == Selector::argument) {
        return {family.number, {command, word_of<row>(arguments)...}};
    } else {
        return {family.number, {word_of<row>(arguments)...}};
    }
}

}  // namespace basalt::table
