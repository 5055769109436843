// What a hypercall is made of: registers in, an ending.
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

#include "core/again.hpp"
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
// What passes by itself is no answer: the guest makes the same call again.
inline Ending answer(Registers& call, Refused refused) {
    return refused.error() == Error::again ? Ending::resume : answer(call, errno_of(refused.error()));
}
inline Ending answer(Registers& call, const Result<>& result) {
    return result ? answer(call, std::int64_t{0}) : answer(call, refuse(result.error()));
}
template <std::integral T>
Ending answer(Registers& call, const Result<T>& result) {
    return result ? answer(call, static_cast<std::int64_t>(*result)) : answer(call, refuse(result.error()));
}
inline Ending answer(Registers& call, const Step<>& step) {
    if (step.again() != nullptr) return Ending::resume;
    return step.done() ? answer(call, std::int64_t{0}) : answer(call, refuse(*step.refused()));
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

bool caller_is_privileged();

}  // namespace basalt::hypercalls
