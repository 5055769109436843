// One row and the function that acts for it, bound so that what the row says is done around the function, and compared with
// the function's parameters while compiling.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "hypercalls/call.hpp"
#include "hypercalls/list.hpp"
#include "hypercalls/subject.hpp"
#include "table/row.hpp"

namespace basalt::hypercalls {

using table::Operand;
using table::Row;

// A structure with its place, for a function that says itself when the guest is told.
template <typename T>
struct Placed {
    explicit Placed(GuestPointer<T> at) : place(at) {}
    Result<> read() { return place.read(std::span(&value, 1)); }
    Result<> tell() const { return place.write(std::span(&value, 1)); }

    GuestPointer<T> place;
    T value;
};

// A structure that need not be there: why it cannot be read is the function's to judge.
template <typename T>
using IfThere = Result<const T*>;

// How a parameter takes the row's structure.
template <typename T>
struct Takes {
    using Structure = void;
    static constexpr bool is_told = false;
};
template <typename T>
struct Takes<T&> {
    using Structure = T;
    static constexpr bool is_told = true;
    static T& from(Placed<T>& placed, const Result<>&) { return placed.value; }
};
template <typename T>
struct Takes<const T&> {
    using Structure = T;
    static constexpr bool is_told = false;
    static const T& from(Placed<T>& placed, const Result<>&) { return placed.value; }
};
template <typename T>
struct Takes<Placed<T>&> {
    using Structure = T;
    static constexpr bool is_told = false;
    static Placed<T>& from(Placed<T>& placed, const Result<>&) { return placed; }
};
template <typename T>
struct Takes<IfThere<T>> {
    using Structure = T;
    static constexpr bool is_told = false;
    static IfThere<T> from(Placed<T>& placed, const Result<>& read) {
        return read ? IfThere<T>(&placed.value) : refuse(read.error());
    }
};

// The structure that a pointer, a list or an answer is about.
template <typename T>
struct About {
    using Structure = void;
};
template <typename T>
using IfClass = std::conditional_t<std::is_class_v<T>, T, void>;
template <typename T>
struct About<GuestPointer<T>> {
    using Structure = IfClass<T>;
};
template <typename T>
struct About<List<T>> {
    using Structure = IfClass<T>;
};
template <typename T>
struct About<Result<T>> {
    using Structure = IfClass<T>;
};

template <typename... T>
struct FirstOf {
    using type = void;
};
template <typename T, typename... Others>
struct FirstOf<T, Others...> : std::conditional_t<std::is_void_v<T>, FirstOf<Others...>, std::type_identity<T>> {};

// What a function's parameters are to a row, and whether they fit it.
template <const Row& row, typename Function, typename... Supplied>
struct Fitting;
template <const Row& row, typename Answer, typename... T, typename... Supplied>
struct Fitting<row, Answer (*)(T...), Supplied...> {
    using Way = Operand::Way;

    template <typename P>
    static constexpr bool is_supplied = (std::is_same_v<P, Supplied> || ...);
    template <typename P>
    static constexpr bool is_subject = !is_supplied<P> && (std::is_same_v<P, Domain&> || std::is_same_v<P, Subject>);
    template <typename P>
    using Own = std::conditional_t<is_supplied<P> || is_subject<P>, void, P>;
    template <typename P>
    using StructureOf = typename Takes<Own<P>>::Structure;

    // What is copied in, if anything is, and what the answer is, if that is a structure.
    using Structure = typename FirstOf<StructureOf<T>...>::type;
    using Told = typename About<Answer>::Structure;
    using Named = typename FirstOf<Structure, typename About<Own<T>>::Structure..., Told>::type;
    static constexpr bool is_told = (Takes<Own<T>>::is_told || ...);
    static constexpr bool need_not_be_there = (std::is_same_v<T, IfThere<Structure>> || ...);
    static constexpr bool tells_itself = (std::is_same_v<T, Placed<Structure>&> || ...);
    static constexpr bool wants_domain = ((std::is_same_v<T, Domain&> && is_subject<T>) || ...);

    template <typename S>
    static constexpr bool fits = row.operand.template is<S>();
    template <>
    constexpr bool fits<void> = true;

    static_assert(std::is_void_v<Named> == (row.operand.size == 0),
                  "of the row and the function one names a structure, the other none");
    static_assert((fits<StructureOf<T>> && ...) && (fits<typename About<Own<T>>::Structure> && ...) && fits<Told>,
                  "the row names another structure");
    static_assert(std::is_void_v<Structure> || (row.operand.way == Way::in_if_there) == need_not_be_there,
                  "of the row and the function one says that the structure need not be there");
    static_assert(is_told || tells_itself || std::is_void_v<Structure> || row.operand.way == Way::in || need_not_be_there,
                  "the row says that the structure goes back");
    static_assert(!is_told || row.operand.way != Way::in, "the row says that the structure does not go back");
    static_assert(std::is_void_v<Told> || row.operand.way == Way::out, "the row says that the structure comes in");
    static_assert((is_subject<T> || ...) == row.is_about_domain(),
                  "of the row and the function one is about a domain, the other not");
    static_assert(!row.is_about_domain() || (row.domain_at >= 0 && row.domain_at + sizeof(DomainId::Raw) <= row.operand.size),
                  "the row does not say where in the structure the domain's number is");
};

// A function that is called with argument registers from this index on, behind what the family supplies.
template <const Row& row, std::size_t first, auto function, typename... Supplied>
class Binding {
    using Fit = Fitting<row, decltype(function), Supplied...>;
    using Structure = typename Fit::Structure;

    template <typename T>
    static consteval std::size_t words() {
        if constexpr (Fit::template is_supplied<T>)
            return 0;
        else
            return Parameter<T>::words;
    }

    struct Found {
        Call call;
        std::tuple<Supplied...> supplied;
    };

    template <typename T>
    static decltype(auto) plain(Found& found, std::size_t index) {
        if constexpr (Fit::template is_supplied<T>)
            return std::get<T>(found.supplied);
        else
            return Parameter<T>::at(found.call, index);
    }

    template <typename Answer, typename... T>
    static Ending without_structure(Found& found, Answer (*)(T...)) {
        constexpr auto place = places<words<T>()...>(first);
        const auto result = [&]<std::size_t... index>(std::index_sequence<index...>) {
            return function(plain<T>(found, place[index])...);
        }(std::index_sequence_for<T...>{});
        using Told = typename Fit::Told;
        if constexpr (std::is_void_v<Told>) {
            return answer(found.call, result);
        } else {
            if (!result) return answer(found.call, refuse(result.error()));
            const auto pointer = Parameter<GuestPointer<Told>>::at(found.call, place[sizeof...(T)]);
            return answer(found.call, pointer.write(*result));
        }
    }

    template <typename T>
    static decltype(auto) with(Found& found, Placed<Structure>& placed, const Result<>& read, const Subject& about) {
        if constexpr (Fit::template is_supplied<T>)
            return std::get<T>(found.supplied);
        else if constexpr (std::is_same_v<T, Domain&>)
            return static_cast<Domain&>(**about);
        else if constexpr (std::is_same_v<T, Subject>)
            return static_cast<const Subject&>(about);
        else
            return Takes<T>::from(placed, read);
    }

    template <typename S>
    static Subject named_by(const S& structure) {
        if constexpr (row.is_about_domain()) {
            DomainId::Raw number;
            std::memcpy(&number, reinterpret_cast<const std::byte*>(&structure) + row.domain_at, sizeof number);
            return subject(row.asker, row.whom, DomainId(number));
        } else {
            return refuse(Error::no_such_process);
        }
    }

    static bool is_done(const Step<>& step) { return step.done(); }
    static bool is_refused(const Step<>& step) { return step.refused() != nullptr; }
    template <typename T>
    static bool is_done(const Result<T>& result) {
        return result.has_value();
    }
    template <typename T>
    static bool is_refused(const Result<T>& result) {
        return !result && result.error() != Error::again;
    }

    template <typename Answer, typename... T>
    static Ending with_structure(Found& found, Answer (*)(T...)) {
        using Way = Operand::Way;
        Placed<Structure> placed(Parameter<GuestPointer<Structure>>::at(found.call, first));
        Result<> read;
        if constexpr (row.operand.way == Way::out)
            std::memset(&placed.value, 0, sizeof placed.value);
        else
            read = placed.read();
        if (row.operand.way != Way::in_if_there && !read) return answer(found.call, read);
        const Subject about = read ? named_by(placed.value) : refuse(read.error());
        if constexpr (Fit::wants_domain)
            if (!about) return answer(found.call, refuse(about.error()));
        const Answer result = function(with<T>(found, placed, read, about)...);
        if constexpr (Fit::is_told)
            if (is_done(result) || (!row.told_when_refused.empty() && is_refused(result)))
                if (const auto told = placed.tell(); !told) return answer(found.call, told);
        return answer(found.call, result);
    }

public:
    static Ending act(Call call, Supplied... supplied) {
        Found found{call, {supplied...}};
        if constexpr (std::is_void_v<Structure>)
            return without_structure(found, function);
        else
            return with_structure(found, function);
    }
};

template <typename T, typename... All>
inline constexpr bool is_one_of = (std::is_same_v<T, All> || ...);
template <typename... Supplied, typename Answer, typename... T>
consteval bool takes_only(Answer (*)(T...)) {
    return (is_one_of<T, Supplied...> && ...);
}

// A function of a family that has read the row's structure, or the element of its list, and supplies it with the rest.
template <const table::Family& family, const Row& row, auto function, typename Structure, typename... Supplied>
class ReadBinding {
    static constexpr const Operand& operand = family.selector == table::Selector::each_element ? family.element : row.operand;
    static_assert(operand.is<std::remove_cvref_t<Structure>>(), "the row names another structure, or none");
    // What is there for rows about a domain alone is supplied by pointer, and taken by reference.
    static_assert(row.whom != table::Whom::nobody || takes_only<Structure, Supplied...>(function),
                  "the function is about a domain, and the row about none");

    template <typename T>
    static decltype(auto) take(std::tuple<Structure, Supplied...>& supplied) {
        if constexpr (is_one_of<T, Structure, Supplied...>)
            return std::get<T>(supplied);
        else
            return *std::get<std::remove_reference_t<T>*>(supplied);
    }
    template <typename Answer, typename... T>
    static Step<> call(std::tuple<Structure, Supplied...> supplied, Answer (*)(T...)) {
        return step_of(function(take<T>(supplied)...));
    }

public:
    static Step<> act(Structure structure, Supplied... supplied) { return call({structure, supplied...}, function); }
};

}  // namespace basalt::hypercalls
