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

// A function that is called with argument registers from this index on, behind what the family supplies.
template <const Row& row, std::size_t first, auto function, typename... Supplied>
class Binding {
    template <typename T>
    static constexpr bool is_supplied = (std::is_same_v<T, Supplied> || ...);
    template <typename T>
    static constexpr bool is_subject = !is_supplied<T> && (std::is_same_v<T, Domain&> || std::is_same_v<T, Subject>);
    template <typename T>
    using TakesOf = Takes<std::conditional_t<is_supplied<T> || is_subject<T>, void, T>>;
    template <typename T>
    using Structure = typename TakesOf<T>::Structure;
    template <typename T>
    using Named = typename About<std::conditional_t<is_supplied<T> || is_subject<T>, void, T>>::Structure;

    template <typename T>
    static consteval std::size_t words() {
        if constexpr (is_supplied<T> || is_subject<T>)
            return 0;
        else if constexpr (!std::is_void_v<Structure<T>>)
            return 1;
        else
            return Parameter<T>::words;
    }

    template <typename T>
    static consteval bool fits() {
        if constexpr (std::is_void_v<T>)
            return true;
        else
            return row.operand.template is<T>();
    }
    template <typename T>
    static consteval bool fits_way() {
        using Way = Operand::Way;
        if constexpr (std::is_void_v<Structure<T>>)
            return true;
        else if constexpr (TakesOf<T>::is_told)
            return row.operand.way == Way::out || row.operand.way == Way::in_out;
        else if constexpr (std::is_same_v<T, IfThere<Structure<T>>>)
            return row.operand.way == Way::in_if_there;
        else
            return row.operand.way == Way::in || (row.operand.way == Way::in_out && std::is_same_v<T, Placed<Structure<T>>&>);
    }

    template <typename Answer, typename... T>
    static consteval void compare() {
        static_assert((fits<Structure<T>>() && ...), "the row names another structure, or none");
        static_assert((fits<Named<T>>() && ...), "the row names another structure, or none");
        static_assert(fits<typename About<Answer>::Structure>(), "the row tells another structure, or none");
        static_assert((fits_way<T>() && ...), "the row says that the structure travels another way");
        constexpr bool names_any = !std::is_void_v<typename FirstOf<Structure<T>..., Named<T>..., typename About<Answer>::Structure>::type>;
        static_assert(names_any == (row.operand.size != 0), "the row names a structure, and the function takes none");
        static_assert((is_subject<T> || ...) == row.is_about_domain(),
                      "the row is about a domain that the function does not act on, or the function about one that the row does not name");
    }

    struct Found {
        Call call;
        std::tuple<Supplied...> supplied;
    };

    template <typename T>
    static decltype(auto) plain(Found& found, std::size_t index) {
        if constexpr (is_supplied<T>)
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
        using Told = typename About<Answer>::Structure;
        if constexpr (std::is_void_v<Told>) {
            return answer(found.call, result);
        } else {
            if (!result) return answer(found.call, refuse(result.error()));
            const auto pointer = Parameter<GuestPointer<Told>>::at(found.call, place[sizeof...(T)]);
            return answer(found.call, pointer.write(*result));
        }
    }

    template <typename T, typename S>
    static decltype(auto) with(Found& found, Placed<S>& placed, const Result<>& read, const Subject& about) {
        if constexpr (is_supplied<T>)
            return std::get<T>(found.supplied);
        else if constexpr (std::is_same_v<T, Domain&>)
            return static_cast<Domain&>(**about);
        else if constexpr (std::is_same_v<T, Subject>)
            return static_cast<const Subject&>(about);
        else
            return TakesOf<T>::from(placed, read);
    }

    template <typename S>
    static Subject named_by(const Placed<S>& placed) {
        if constexpr (row.is_about_domain()) {
            DomainId::Raw number;
            std::memcpy(&number, reinterpret_cast<const std::byte*>(&placed.value) + row.domain_at, sizeof number);
            return subject(row.asker, row.whom, DomainId(number));
        } else {
            return refuse(Error::no_such_process);
        }
    }

    static bool is_done(const Step<>& step) { return step.done(); }
    static bool is_refused(const Step<>& step) { return step.refused() != nullptr; }
    template <typename T>
    static bool is_done(const Result<T>& result) { return result.has_value(); }
    template <typename T>
    static bool is_refused(const Result<T>& result) { return !result && result.error() != Error::again; }

    template <typename Answer, typename... T>
    static Ending with_structure(Found& found, Answer (*)(T...)) {
        using S = typename FirstOf<Structure<T>...>::type;
        using Way = Operand::Way;
        Placed<S> placed(Parameter<GuestPointer<S>>::at(found.call, first));
        Result<> read;
        if constexpr (row.operand.way == Way::out)
            std::memset(&placed.value, 0, sizeof placed.value);
        else
            read = placed.read();
        if (row.operand.way != Way::in_if_there && !read) return answer(found.call, read);
        const Subject about = read ? named_by(placed) : refuse(read.error());
        if constexpr (((std::is_same_v<T, Domain&> && is_subject<T>) || ...))
            if (!about) return answer(found.call, refuse(about.error()));
        const Answer result = function(with<T>(found, placed, read, about)...);
        if constexpr ((TakesOf<T>::is_told || ...))
            if (is_done(result) || (!row.told_when_refused.empty() && is_refused(result)))
                if (const auto told = placed.tell(); !told) return answer(found.call, told);
        return answer(found.call, result);
    }

    template <typename Answer, typename... T>
    static Ending choose(Found& found, Answer (*pointer)(T...)) {
        compare<Answer, T...>();
        if constexpr (std::is_void_v<typename FirstOf<Structure<T>...>::type>)
            return without_structure(found, pointer);
        else
            return with_structure(found, pointer);
    }

public:
    static Ending act(Call call, Supplied... supplied) {
        Found found{call, {supplied...}};
        return choose(found, function);
    }
};

// A function of a family that has read the row's structure, or the element of its list, and supplies it with the rest.
template <const table::Family& family, const Row& row, auto function, typename Structure, typename... Supplied>
class ReadBinding {
    static constexpr const Operand& operand = family.selector == table::Selector::each_element ? family.element : row.operand;
    static_assert(operand.is<std::remove_cvref_t<Structure>>(), "the row names another structure, or none");

    template <typename Answer, typename... T>
    static Step<> call(std::tuple<Structure, Supplied...> supplied, Answer (*)(T...)) {
        return step_of(function(std::get<T>(supplied)...));
    }

public:
    static Step<> act(Structure structure, Supplied... supplied) { return call({structure, supplied...}, function); }
};

}  // namespace basalt::hypercalls
