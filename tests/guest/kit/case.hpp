// A test guest is a table of cases:
//
//     namespace kit {          // inside, because Xen's headers give many structures the names of their calls
//     constexpr auto table = std::to_array<Case>({
//         {"xen_version.version", "is 4.17", [] { expect_equal(call<rows::xen_version, XENVER_version>(), 0x40011); }},
//     });
//     constinit const std::span<const Case> cases = table;
//     }
//
// Each case prints a line when it begins, CASE, which boot_guest.py keeps to itself until a guest says nothing more, and one
// for what came of it, PASS, FAIL or SKIP. The first expectation that does not hold makes it FAIL, which further ones stand
// behind; an exception nobody expected ends it. `covers` names the row of the hypercall table the case is about, `call` or
// `call.command`, and does not compile where there is none; what no call does is named in_words("far returns").
#pragma once

#include "hypercall.hpp"
#include "memory.hpp"
#include "table/families.hpp"
#include "text.hpp"
#include "traps.hpp"

#include <array>
#include <concepts>
#include <source_location>
#include <span>
#include <string_view>

namespace kit {

using Location = std::source_location;

// Of a call, or of the rows that begin so (`mmuext_op.pin`).
constexpr bool is_row(std::string_view name) {
    const auto dot = name.find('.');
    for (const auto* const family : basalt::table::families) {
        if (family->name != name.substr(0, dot)) continue;
        if (dot == name.npos) return true;
        const auto command = name.substr(dot + 1);
        for (const auto& row : family->rows)
            if (row.name.starts_with(command) && (row.name.size() == command.size() || row.name[command.size()] == '_'))
                return true;
    }
    return false;
}

void case_covers_no_row_of_the_table();   // never defined: reaching it while compiling stops the build

struct InWords {
    std::string_view text;
};
consteval InWords in_words(std::string_view text) { return {text}; }

struct Case {
    std::string_view covers;
    std::string_view promise;
    void (*body)() = nullptr;

    constexpr Case() = default;
    consteval Case(std::string_view row, std::string_view promised, void (*shown)())
        : covers(row), promise(promised), body(shown) {
        if (!is_row(row)) case_covers_no_row_of_the_table();
    }
    consteval Case(InWords of_no_call, std::string_view promised, void (*shown)())
        : covers(of_no_call.text), promise(promised), body(shown) {}
};

extern const std::span<const Case> cases;

void fail(const Line& why, Location where = Location::current());
void skip(std::string_view reason);

inline bool expect(bool holds, Location where = Location::current()) {
    if (!holds) fail(Line{} << "does not hold", where);
    return holds;
}

// Both sides as 64-bit numbers: statuses are compared with -XEN_E..., counters with plain literals.
template <std::integral Actual, std::integral Expected>
bool expect_equal(Actual actual, Expected expected, Location where = Location::current()) {
    const bool equal = static_cast<std::uint64_t>(actual) == static_cast<std::uint64_t>(expected);
    if (!equal) fail(Line{} << "expected " << expected << " got " << actual, where);
    return equal;
}

// How the guest ends the machine after its last line, instead of by a reboot. It does not return.
void end_with(void (*last)());

// Basalt's records follow from each other now. Stock Xen, which has no such call, is believed.
bool expect_audit_agrees(Location where = Location::current());

bool expect_fault(const std::optional<Fault>& fault, unsigned vector, std::uint64_t error = 0,
                  Location where = Location::current());

}
