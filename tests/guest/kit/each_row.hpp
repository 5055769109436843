// Cases made from the hypercall table: the same promise for each of many rows.
#pragma once

#include "case.hpp"
#include "table/families.hpp"

#include <array>
#include <tuple>

namespace kit {

using basalt::table::Asker;
using basalt::table::Family;
using basalt::table::Row;
using basalt::table::Selector;
using basalt::table::Whom;

// A row by the places of its family and itself; a constant, so that a case can be made for it.
struct Place {
    std::size_t family = 0, row = 0;
    constexpr const Family& of_family() const { return *basalt::table::families[family]; }
    constexpr const Row& of_row() const { return of_family().rows[row]; }
};

template <auto chosen, bool left_out>
consteval std::size_t chosen_rows() {
    std::size_t count = 0;
    for (const Family* family : basalt::table::families)
        for (const Row& row : family->rows) count += row.is_left_out() == left_out && chosen(*family, row);
    return count;
}

// The rows that are there, or those that are left out, for which chosen(family, row) holds.
template <auto chosen, bool left_out = false>
consteval auto places() {
    std::array<Place, chosen_rows<chosen, left_out>()> found;
    std::size_t next = 0;
    for (std::size_t family = 0; family < basalt::table::families.size(); ++family)
        for (std::size_t row = 0; row < basalt::table::families[family]->rows.size(); ++row) {
            const Place place{family, row};
            if (place.of_row().is_left_out() == left_out && chosen(place.of_family(), place.of_row())) found[next++] = place;
        }
    return found;
}

// "family.row", kept where a case can point to it.
template <std::size_t family, std::size_t row>
struct RowName {
    static constexpr auto letters = [] {
        constexpr Place place{family, row};
        constexpr std::string_view first = place.of_family().name, second = place.of_row().name;
        constexpr bool alone = place.of_family().selector == Selector::none;
        std::array<char, first.size() + (alone ? 0 : 1 + second.size())> name{};
        auto next = name.begin();
        for (const char letter : first) *next++ = letter;
        if (!alone) {
            *next++ = '.';
            for (const char letter : second) *next++ = letter;
        }
        return name;
    }();
    static constexpr std::string_view text{letters.data(), letters.size()};
};

template <std::size_t family, std::size_t row, auto body>
void body_of() {
    constexpr Place place{family, row};
    body(place.of_family(), place.of_row());
}

// A case for each of these rows: body(family, row).
template <auto chosen, auto body, bool left_out = false>
consteval auto cases_of_rows(std::string_view promise) {
    constexpr auto all = places<chosen, left_out>();
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return std::array<Case, sizeof...(index)>{Case{RowName<all[index].family, all[index].row>::text, promise,
                                                       body_of<all[index].family, all[index].row, body>}...};
    }(std::make_index_sequence<all.size()>{});
}

template <std::size_t... sizes>
consteval auto joined(const std::array<Case, sizes>&... parts) {
    std::array<Case, (sizes + ...)> all{};
    std::size_t next = 0;
    const auto add = [&](const auto& part) {
        for (const Case& one : part) all[next++] = one;
    };
    (add(parts), ...);
    return all;
}

// Whatever a row takes, zeroed but for its first words: command and interface version where the family wants them there.
struct Request {
    alignas(8) std::array<std::uint64_t, 1024> words{};

    void name(const Family& family, const Row& row);
    // The domain that the request is about, where a row is about one.
    void set_domain(const Family& family, const Row& row, unsigned domain);
};

// Whether the call itself says, by an error, that it is about no domain or none of the caller's. Of no frames an exchange is
// done at once, whoever's they would be.
constexpr bool answers_for_domain(const Row& row) {
    return row.operand.status_offset == 0 && row.operand.way != basalt::table::Operand::Way::in_if_there &&
           !row.operand.is<xen_memory_exchange_t>();
}

// The row's call, with its structure there: one of them, and of vcpu 0.
Status ask(const Family& family, const Row& row, Word structure);

}
