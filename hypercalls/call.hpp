// What a hypercall is made of: registers in, one row of a table, an ending.
//
// A handler finds its arguments in the caller's registers (rdi rsi rdx r10 r8 r9) and leaves its answer in
// rax. One that has more to do than one bounded step allows writes its cursor back into the argument
// registers and ends with `resume`: the guest makes the same call again and the cursor is untrusted input.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/number.hpp"
#include "core/result.hpp"
#include "domain/guest_pointer.hpp"
#include "machine/registers.hpp"

namespace basalt::hypercalls {

enum class Ending : std::uint8_t {
    returned,   // rax holds the answer
    resume,     // call again with the argument registers as they are now
    replaced,   // the registers are another context now (iret): leave them alone
};

using Handler = Ending (*)(Registers&);

enum class Guests : std::uint8_t { pv, hvm, all };
enum class Asker : std::uint8_t { anyone, privileged };

// How one argument register becomes a parameter.
template <typename T>
struct Argument {
    static T from(std::uint64_t word) {
        if constexpr (std::is_enum_v<T>)
            return static_cast<T>(static_cast<std::underlying_type_t<T>>(word));
        else if constexpr (std::is_integral_v<T>)
            return static_cast<T>(word);
        else if constexpr (requires { typename T::Raw; })
            return T(static_cast<typename T::Raw>(word));
        else
            return T(word);
    }
};

inline Ending answer(Registers& call, std::int64_t value) {
    call.rax = static_cast<std::uint64_t>(value);
    return Ending::returned;
}
inline Ending answer(Registers& call, const Result<>& result) {
    return answer(call, result ? 0 : errno_of(result.error()));
}
template <std::integral T>
Ending answer(Registers& call, const Result<T>& result) {
    return answer(call, result ? static_cast<std::int64_t>(*result) : errno_of(result.error()));
}
inline Ending answer(Registers&, Ending ending) { return ending; }

// Calls `function` with as many argument registers as it has parameters, each turned into its type.
// A first parameter of type Registers& is given the registers themselves and takes none of them.
template <auto function>
struct Decoded {
private:
    static Ending decode(Registers& registers) { return with(registers, function); }

    // One that takes the registers and answers itself needs nothing in between.
    static consteval Handler handler() {
        if constexpr (std::is_same_v<decltype(function), Handler>)
            return function;
        else
            return decode;
    }

    static std::uint64_t word(const Registers& registers, std::size_t index) {
        switch (index) {
            case 0: return registers.rdi;
            case 1: return registers.rsi;
            case 2: return registers.rdx;
            case 3: return registers.r10;
            case 4: return registers.r8;
            default: return registers.r9;
        }
    }

    template <typename Answer, typename... Parameters>
    static Ending with(Registers& registers, Answer (*)(Registers&, Parameters...)) {
        return [&]<std::size_t... index>(std::index_sequence<index...>) {
            return answer(registers, function(registers, Argument<Parameters>::from(word(registers, index))...));
        }(std::index_sequence_for<Parameters...>{});
    }

    template <typename Answer, typename... Parameters>
    static Ending with(Registers& registers, Answer (*)(Parameters...)) {
        return [&]<std::size_t... index>(std::index_sequence<index...>) {
            return answer(registers, function(Argument<Parameters>::from(word(registers, index))...));
        }(std::index_sequence_for<Parameters...>{});
    }

public:
    static constexpr Handler call = handler();
};

// A family's sub-commands are rows too. `act` has the pointer argument of the call.
struct Subcall {
    std::uint32_t command;
    std::string_view name;
    Asker asker;
    Result<std::int64_t> (*act)(std::uint64_t argument);
    std::string_view effect;
};

// Copies the family's structure in, acts, and copies it back if `function` takes it by non-const reference.
template <auto function>
struct Structured {
    static Result<std::int64_t> act(std::uint64_t argument) { return with(argument, function); }

private:
    template <typename Answer>
    static Result<std::int64_t> number(Answer&& answer) {
        if (!answer) return refuse(answer.error());
        if constexpr (std::is_void_v<typename std::remove_cvref_t<Answer>::value_type>)
            return 0;
        else
            return static_cast<std::int64_t>(*answer);
    }

    template <typename Answer, typename Structure>
    static Result<std::int64_t> with(std::uint64_t argument, Answer (*)(Structure&)) {
        const GuestPointer<std::remove_const_t<Structure>> pointer(argument);
        auto request = TRY(pointer.read());
        auto result = number(function(request));
        if constexpr (!std::is_const_v<Structure>)
            if (result) TRY(pointer.write(request));
        return result;
    }

    template <typename Answer>
    static Result<std::int64_t> with(std::uint64_t, Answer (*)()) {
        return number(function());
    }
};

bool caller_is_privileged();
Result<std::int64_t> subcall_unknown(std::string_view family, std::uint32_t command);

// The row of a sub-command, or none; the tables are dense enough for an index made while compiling.
template <const auto& rows>
const auto* row_of(std::uint32_t command) {
    static constexpr auto index = [] {
        std::array<std::uint8_t, 128> slot{};
        std::uint8_t row = 0;
        for (const auto& call : rows) slot[call.command] = ++row;
        return slot;
    }();
    const std::uint8_t row = command < index.size() ? index[command] : 0;
    return row == 0 ? nullptr : &rows[row - 1];
}

template <const auto& rows>
Result<std::int64_t> subcall(std::string_view family, std::uint32_t command, std::uint64_t argument) {
    const Subcall* const row = row_of<rows>(command);
    if (row == nullptr) return subcall_unknown(family, command);
    const Subcall& call = *row;
    if (call.asker == Asker::privileged && !caller_is_privileged()) return refuse(Error::not_permitted);
    return call.act(argument);
}

}  // namespace basalt::hypercalls
