// A family's commands, bound to what acts: the rows of the table on one side, functions on the other, and a build that
// stops where one is without the other, or where they do not fit (binding.hpp).
//
// A function takes what its family supplies, as much of it as it needs; the domain that its row is about (Domain&, or Subject
// where it looks at something else first); and the row's structure (by reference; const where it only comes in), its
// GuestPointer, a List of it, or plain arguments. Where the row says that the structure only goes out, it may be the answer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "hypercalls/binding.hpp"

namespace basalt {
class Vcpu;
}

namespace basalt::hypercalls {

using table::Family;
using table::Selector;

// Never defined: reaching one while compiling stops the build.
void row_is_not_bound();
void command_has_no_row();
void command_is_bound_twice();

template <std::uint32_t command, auto function>
struct Does {};
template <std::uint32_t command, auto function>
inline constexpr Does<command, function> does{};

// What dispatch keeps of a row. One that is left out has nothing that acts.
template <typename Act>
struct Command {
    Act act = nullptr;
    Asker asker = Asker::anyone;
    Whom whom = Whom::nobody;
    bool told_when_refused = false;
    Error denial = Error::not_permitted;
    Error refusal = Error::not_implemented;
};

// Logged once a family and command. What the table leaves out on purpose is nobody's loss: kernels and tools look for it at
// every boot, and do without.
enum class Missing : std::uint8_t { left_out, unknown };
[[gnu::cold, gnu::noinline]] void command_missing(std::string_view family, std::uint32_t command, Missing why);

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

template <const Family& family, std::uint32_t command>
consteval const Row& row_of() {
    if (family.row(command) == nullptr) command_has_no_row();
    return *family.row(command);
}

template <const Family& family, typename Act, std::size_t bound_count>
consteval auto commands_of(const std::pair<std::uint32_t, Act> (&all)[bound_count]) {
    Commands<Act, family.rows.size(), end_of_commands<family>()> made{.family = family.name, .unknown = family.unknown};
    std::size_t place = 0;
    for (const Row& row : family.rows) {
        auto& command = made.commands[place];
        command = {nullptr, row.asker, row.whom, !row.told_when_refused.empty(), row.denial, row.left_out.error};
        for (const auto& [number, act] : all) {
            if (number != row.command) continue;
            if (command.act != nullptr) command_is_bound_twice();
            command.act = act;
        }
        if ((command.act == nullptr) != row.is_left_out()) row_is_not_bound();
        made.index[row.command] = static_cast<std::uint8_t>(++place);
    }
    return made;
}

// What a family supplies may be named by an argument of its own, behind the command.
template <typename Supplied>
inline constexpr std::size_t arguments_for = 0;
template <>
inline constexpr std::size_t arguments_for<Vcpu&> = 1;

template <const Family& family, typename... Supplied, std::uint32_t... command, auto... function>
consteval auto bind(Does<command, function>...) {
    constexpr std::size_t first = family.selector == Selector::argument ? (1 + ... + arguments_for<Supplied>) : 0;
    using Act = Ending (*)(Call, Supplied...);
    return commands_of<family, Act>({{command, Binding<row_of<family, command>(), first, function, Supplied...>::act}...});
}

// Of a family that reads the structures itself, and supplies them.
template <const Family& family, typename Structure, typename... Supplied, std::uint32_t... command, auto... function>
consteval auto bind_read(Does<command, function>...) {
    using Act = Step<> (*)(Structure, Supplied...);
    return commands_of<family, Act>(
        {{command, ReadBinding<family, row_of<family, command>(), function, Structure, Supplied...>::act}...});
}

template <typename... Supplied, std::size_t count, std::size_t end>
Ending give(const Commands<Ending (*)(Call, Supplied...), count, end>& commands, std::uint32_t number, Call call,
            std::type_identity_t<Supplied>... supplied) {
    const auto command = commands.find(number);
    return command ? (*command)->act(call, supplied...) : answer(call, refuse(command.error()));
}

// The command is the first argument.
template <std::size_t count, std::size_t end>
Ending give(const Commands<Handler, count, end>& commands, Call call) {
    return give(commands, Parameter<std::uint32_t>::at(call, 0), call);
}

// The command is the first word of the structure, and the version of the interface the second.
template <typename Structure, std::size_t count, std::size_t end>
Ending give_named(const Commands<Handler, count, end>& commands, const Family& family, Call call) {
    static_assert(offsetof(Structure, cmd) == 0 && offsetof(Structure, interface_version) == sizeof(std::uint32_t));
    const auto words = Parameter<GuestPointer<std::uint32_t>>::at(call, 0);
    const auto command = words.read();
    if (!command) return answer(call, refuse(command.error()));
    const auto version = (words + 1).read();
    if (!version) return answer(call, refuse(version.error()));
    if (*version != family.interface_version) return answer(call, refuse(Error::access_denied));
    return give(commands, *command, call);
}

}  // namespace basalt::hypercalls
