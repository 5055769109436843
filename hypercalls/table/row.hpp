// What a hypercall promises: one row for each command of each family. Dispatch, permission, names, the manual, the callers
// of the test guests and the list of what tests must show are made from these rows. Only facts here; what acts is bound
// to them in hypercalls/.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/guest_kind.hpp"
#include "core/result.hpp"
#include "table/few.hpp"

namespace basalt::table {

// The kinds of guest that a family is there for.
class Guests {
public:
    constexpr Guests(GuestKind kind) : kinds_(bit(kind)) {}
    static const Guests all;

    constexpr bool has(GuestKind kind) const { return (kinds_ & bit(kind)) != 0; }

private:
    struct All {};
    constexpr explicit Guests(All) : kinds_(~std::uint32_t{0}) {}
    static constexpr std::uint32_t bit(GuestKind kind) { return std::uint32_t{1} << static_cast<unsigned>(kind); }

    std::uint32_t kinds_;
};
inline constexpr Guests Guests::all{All{}};

enum class Asker : std::uint8_t {
    anyone,
    for_itself,   // anyone about itself (DOMID_SELF or its number), the privileged about any living domain
    privileged
};

// Which domain a call about a domain accepts, where its asker is not `for_itself`. By its number, unless it says otherwise.
enum class Whom : std::uint8_t {
    nobody,          // the call is not about a domain, or about one for which the caller needs no permission
    caller,          // the caller itself, where its family could be about another
    anyone,          // a dying domain too
    first_from,      // a dying domain too; where there is none, the one with the next higher number
    living,
    living_or_self,  // by DOMID_SELF too
    another,         // living, and not the caller: invalid
    another_dying,   // not the caller: invalid
    remote           // living, and not the caller: not permitted
};

enum class Cost : std::uint8_t {
    constant,      // bounded whatever the arguments are
    per_element,   // grows with a count that has a bound
    resumed        // bounded steps; between them interrupts come in, and the call is made again for what is left
};

// What a structure's name is in the ABI's headers.
template <typename T>
consteval std::string_view type_name() {
    constexpr std::string_view signature = __PRETTY_FUNCTION__;
    constexpr std::string_view before = "[T = ";
    const auto start = signature.find(before) + before.size();
    return signature.substr(start, signature.size() - start - 1);
}

// The structure a command points to, how it travels, and, where a list of them each has its own answer, where that is.
struct Operand {
    enum class Way : std::uint8_t {
        none, in, out, in_out,
        in_if_there      // where it cannot be read nothing is done, and that is the answer
    };
    std::string_view type;
    std::uint32_t size = 0;
    Way way = Way::none;
    std::uint32_t status_offset = 0;   // 0: no status of its own

    template <typename T>
    constexpr bool is() const {
        return size == sizeof(T) && type == type_name<T>();
    }
};
template <typename T>
consteval Operand in() { return {type_name<T>(), sizeof(T), Operand::Way::in}; }
template <typename T>
consteval Operand in_if_there() { return {type_name<T>(), sizeof(T), Operand::Way::in_if_there}; }
template <typename T>
consteval Operand out() { return {type_name<T>(), sizeof(T), Operand::Way::out}; }
template <typename T>
consteval Operand in_out(std::size_t status_offset = 0) {
    return {type_name<T>(), sizeof(T), Operand::Way::in_out, static_cast<std::uint32_t>(status_offset)};
}

// A field of the structure, or an argument register: its unit and its bounds.
struct Field {
    std::string_view name;
    std::string_view meaning;
};

// An answer that is no success: an error number of <xen/errno.h>, or a GNTST_* status of one request.
struct Answer {
    std::int16_t number = 0;
    bool is_grant_status = false;
    constexpr Answer() = default;
    constexpr Answer(Error error) : number(static_cast<std::int16_t>(errno_of(error))) {}
    constexpr bool operator==(const Answer&) const = default;
};
constexpr Answer grant_status(int status) {
    Answer answer;
    answer.number = static_cast<std::int16_t>(status);
    answer.is_grant_status = true;
    return answer;
}

// How far tests can go: where no test can bring an answer about, the row says why.
struct Refusal {
    Answer answer;
    std::string_view when;
    std::string_view untested{};
};

// Not there on purpose, or not yet: the error that everybody gets.
struct LeftOut {
    Error error = Error::not_implemented;
    std::string_view reason{};
};

struct Row {
    std::uint32_t command = 0;
    std::string_view name;
    std::string_view effect;                 // what becomes true, one sentence without a full stop
    Asker asker = Asker::anyone;
    Error denial = Error::not_permitted;     // where only the privileged may ask: what the others are told
    Whom whom = Whom::nobody;
    std::int16_t domain_at = -1;             // where in the structure the domain's number is, if it is not its family's to find
    Operand operand{};
    Few<Field, 12> fields{};
    std::string_view success{};              // what is returned where it is not 0
    std::string_view told_when_refused{};    // what the structure then says; of other rows it stays as it was
    Few<Refusal, 12> refusals{};             // beside those that follow from asker, whom and operand
    Cost cost = Cost::constant;
    std::string_view differs{};              // from stock Xen 4.17
    LeftOut left_out{};

    constexpr bool is_left_out() const { return !left_out.reason.empty(); }
    constexpr bool is_about_domain() const {
        return asker == Asker::for_itself || (whom != Whom::nobody && whom != Whom::caller);
    }
};

// How a family's command is named.
enum class Selector : std::uint8_t {
    none,            // one command, which has the family's name
    argument,        // the first argument register
    structure,       // the first 32 bits of the structure; the next 32 are an interface version
    each_element     // of a list
};

struct Family {
    std::uint32_t number;
    std::string_view name;
    std::string_view effect;
    Guests guests = GuestKind::pv;
    Asker asker = Asker::anyone;             // of all its commands
    Selector selector = Selector::none;
    std::uint32_t interface_version = 0;     // that the structure names, where the command is in it
    Operand element{};                       // of the list, where each element has its command
    Few<Field, 6> arguments{};               // the argument registers, in order
    Few<Refusal, 6> refusals{};              // whatever the command is
    Error unknown = Error::not_implemented;  // of a command that there is not
    std::span<const Row> rows{};
    LeftOut left_out{};

    constexpr bool is_left_out() const { return !left_out.reason.empty(); }
    constexpr const Row* row(std::uint32_t command) const {
        for (const Row& row : rows)
            if (row.command == command) return &row;
        return nullptr;
    }
};

}  // namespace basalt::table

namespace basalt::hypercalls {

class Call;
enum class Ending : std::uint8_t;

// What acts for a family. The family's table declares that it is there, and its decoder defines it; one that is left out has none.
template <const table::Family& family>
Ending hypercall(Call call) = delete;

}   // namespace basalt::hypercalls
