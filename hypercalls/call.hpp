// What a hypercall is made of: arguments in, an ending.
//
// A handler's parameters are the caller's argument registers (rdi rsi rdx r10 r8 r9), in order and by their types. One that
// has more to do than one bounded step allows writes its cursor back into those it has as `Kept`, and says `Again`: the guest
// makes the same call again, and the cursor is untrusted input.
#pragma once

#include <array>
#include <cstdint>
#include <span>
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

template <typename T>
struct Parameter;

// The registers of a call, which a decoder hands on and does not see: no argument has a number outside this file.
class Call {
public:
    static constexpr std::size_t most_arguments = 6;
    using Arguments = std::array<std::uint64_t, most_arguments>;

    explicit Call(Registers& registers) : registers_(&registers) {}

    // What was called, as long as it has not returned.
    std::uint32_t number() const { return static_cast<std::uint32_t>(registers_->rax); }

    Ending returns(std::int64_t value) const {
        registers_->rax = static_cast<std::uint64_t>(value);
        return Ending::returned;
    }

    // All of them, for a call that is an entry of a list.
    void set_arguments(std::span<const std::uint64_t, most_arguments> words) const {
        for (std::size_t index = 0; index < most_arguments; ++index) word(index) = words[index];
    }
    Arguments arguments() const { return {word(0), word(1), word(2), word(3), word(4), word(5)}; }

private:
    template <typename T>
    friend struct Parameter;

    std::uint64_t& word(std::size_t index) const {
        switch (index) {
            case 0: return registers_->rdi;
            case 1: return registers_->rsi;
            case 2: return registers_->rdx;
            case 3: return registers_->r10;
            case 4: return registers_->r8;
            default: return registers_->r9;
        }
    }

    Registers* registers_;
};

using Handler = Ending (*)(Call);

template <typename T>
T value_of(std::uint64_t word) {
    if constexpr (std::is_enum_v<T>)
        return static_cast<T>(static_cast<std::underlying_type_t<T>>(word));
    else if constexpr (std::is_integral_v<T>)
        return static_cast<T>(word);
    else if constexpr (requires { typename T::Raw; })
        return T(static_cast<typename T::Raw>(word));
    else
        return T(word);
}

// An argument that is a cursor: what is written here is what the call begins with when it is made again.
template <typename T>
class Kept {
public:
    explicit Kept(std::uint64_t& word) : word_(&word) {}
    T value() const { return value_of<T>(*word_); }
    void keep(T value) const {
        if constexpr (std::is_integral_v<T>)
            *word_ = value;
        else
            *word_ = value.address();
    }

private:
    std::uint64_t* word_;
};

// How a parameter is made of so many argument registers, the first of which has this index.
template <typename T>
struct Parameter {
    static constexpr std::size_t words = 1;
    static T at(Call call, std::size_t first) { return value_of<T>(call.word(first)); }
};
template <typename T>
struct Parameter<Kept<T>> {
    static constexpr std::size_t words = 1;
    static Kept<T> at(Call call, std::size_t first) { return Kept<T>(call.word(first)); }
};
template <>
struct Parameter<Call> {
    static constexpr std::size_t words = 0;
    static Call at(Call call, std::size_t) { return call; }
};

inline Ending answer(Call call, std::int64_t value) { return call.returns(value); }
// What passes by itself is no answer: the guest makes the same call again.
inline Ending answer(Call call, Refused refused) {
    return refused.error() == Error::again ? Ending::resume : call.returns(errno_of(refused.error()));
}
inline Ending answer(Call call, const Result<>& result) {
    return result ? call.returns(0) : answer(call, refuse(result.error()));
}
template <std::integral T>
Ending answer(Call call, const Result<T>& result) {
    return result ? call.returns(static_cast<std::int64_t>(*result)) : answer(call, refuse(result.error()));
}
inline Ending answer(Call call, const Step<>& step) {
    if (step.again() != nullptr) return Ending::resume;
    return step.done() ? call.returns(0) : answer(call, refuse(*step.refused()));
}
template <std::integral T>
Ending answer(Call call, const Step<T>& step) {
    if (step.again() != nullptr) return Ending::resume;
    return step.done() ? call.returns(static_cast<std::int64_t>(*step)) : answer(call, refuse(*step.refused()));
}
inline Ending answer(Call, Ending ending) { return ending; }

// The index of each parameter's first argument register, where the first of them all has index `first`.
template <std::size_t... words>
consteval auto places(std::size_t first) {
    std::array<std::size_t, sizeof...(words) + 1> place{first};
    std::size_t index = 0;
    ((place[index + 1] = place[index] + words, ++index), ...);
    return place;
}

// What a call answers where its arguments are the parameters of `function`.
template <auto function, typename Answer, typename... Parameters>
Ending decoded(Call call, Answer (*)(Parameters...)) {
    constexpr auto place = places<Parameter<Parameters>::words...>(0);
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return answer(call, function(Parameter<Parameters>::at(call, place[index])...));
    }(std::index_sequence_for<Parameters...>{});
}
template <auto function>
Ending decoded(Call call) {
    return decoded<function>(call, function);
}

}  // namespace basalt::hypercalls
