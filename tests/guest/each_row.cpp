// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What holds for every row of the hypercall table that has a structure, or is about a domain.
#include "kit/each_row.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"

#include <cstring>

namespace kit {
namespace {

constexpr bool has_structure(const Family& family, const Row& row) {
    return row.operand.size != 0 && row.operand.way != basalt::table::Operand::Way::in_if_there &&
           family.selector != Selector::each_element;
}

void refuses_unreachable(const Family& family, const Row& row) {
    for (const std::uint64_t address : unreachable) expect_equal(ask(family, row, address), -XEN_EFAULT);
    for (const std::uint64_t address : {0x7fff'ffff'fff8ul, ~3ul}) expect_equal(ask(family, row, address), -XEN_EFAULT);
}

// The last page of two goes away, so that a structure at the end of the first one begins where all is well.
void refuses_half(const Family& family, const Row& row) {
    static const std::span<Page> pages = fresh_pages(2);
    static Request request;
    request.name(family, row);
    constexpr std::size_t begins = 16;      // bytes: command, version, domain
    const std::size_t there = row.operand.size > begins ? begins : row.operand.size / 2;
    const std::uint64_t address = pages[1].address() - there;
    __builtin_memcpy(reinterpret_cast<void*>(address), request.words.data(), there);
    expect_equal(remap(pages[1], 0), 0);
    expect_equal(ask(family, row, address), -XEN_EFAULT);
    expect_equal(make_writable(pages[1]), 0);
}

constexpr bool is_about_domain(const Family&, const Row& row) {
    return row.is_about_domain() && answers_for_domain(row);
}

void refuses_nobody(const Family& family, const Row& row) {
    static Request request;
    request.name(family, row);
    request.set_domain(family, row, nobody);
    expect_equal(ask(family, row, request.words.data()), -XEN_ESRCH);
}

// Whose call says in its structure what came of it.
constexpr bool is_told(const Family& family, const Row& row) {
    using Way = basalt::table::Operand::Way;
    return (row.operand.way == Way::out || row.operand.way == Way::in_out) && row.told_when_refused.empty() && has_structure(family, row);
}

// Nonsense in every field that a row has: most refuse it, each in its own place.
void leaves_as_it_was(const Family& family, const Row& row) {
    if (family.number == __HYPERVISOR_domctl && row.command == XEN_DOMCTL_destroydomain) return;     // refuses no nonsense
    static Request before, after;
    const bool is_named = family.selector == Selector::structure;
    for (const int nonsense : {0xa5, 0xff})
        for (const unsigned domain : {nobody, is_named ? idle_domain().id : nobody}) {
            before.name(family, row);
            const std::size_t begins = is_named ? sizeof before.words[0] : 0;
            memset(reinterpret_cast<char*>(&before) + begins, nonsense, row.operand.size - begins);
            if (row.operand.size > begins) before.set_domain(family, row, domain);
            after = before;
            const Status answer = ask(family, row, after.words.data());
            if (answer < 0 && after.words != before.words) fail(Line{} << "changed with " << answer << " by nonsense " << nonsense);
        }
}

constexpr bool is_for_others(const Family&, const Row& row) {
    return row.whom == Whom::another || row.whom == Whom::another_dying;
}

void refuses_itself(const Family& family, const Row& row) {
    static Request request;
    request.name(family, row);
    request.set_domain(family, row, 0);
    expect_equal(ask(family, row, request.words.data()), -XEN_EINVAL);
}

constexpr bool any(const Family&, const Row&) { return true; }

// Where a row of the tools or of the machine names no difference, stock Xen has it neither.
void is_left_out(const Family& family, const Row& row) {
    const bool compared = family.selector == Selector::structure || family.number == __HYPERVISOR_physdev_op;
    if (on_stock_xen() && !compared) return skip("stock Xen has most of them");
    if (on_stock_xen() && !row.differs.empty()) return skip(row.differs);
    static Request request;
    request.name(family, row);
    expect_equal(ask(family, row, request.words.data()), basalt::errno_of(row.left_out.error));
}

constexpr bool has_commands(const Family& family) { return family.selector == Selector::argument || family.selector == Selector::structure; }

constexpr auto table = joined(
    cases_of_rows<has_structure, refuses_unreachable>("refuses a structure that is unmapped, not canonical, or the hypervisor's"),
    cases_of_rows<has_structure, refuses_half>("refuses a structure whose second half is unmapped"),
    cases_of_rows<is_about_domain, refuses_nobody>("refuses a domain that does not exist"),
    cases_of_rows<is_for_others, refuses_itself>("refuses the caller itself"),
    cases_of_rows<is_told, leaves_as_it_was>("leaves the structure of a refused call as it was"),
    cases_of_rows<any, is_left_out, true>("is left out, and says so"),
    std::to_array<Case>({
        {in_words("no such call"), "a command beyond all is not there", [] {
            for (const Family* family : basalt::table::families) {
                if (!has_commands(*family)) continue;
                static Request request;
                request.name(*family, Row{.command = 0x7ff});
                const bool in_structure = family->selector == Selector::structure;
                const Status answer = in_structure ? hypercall(family->number, request.words.data())
                                                   : hypercall(family->number, 0x3f, 0, 0);
                if (!(on_stock_xen() && family->number == basalt::basalt_op_number)) expect_equal(answer, basalt::errno_of(family->unknown));
            }
        }},
        {in_words("no such call"), "another interface version is refused", [] {
            for (const Family* family : basalt::table::families) {
                if (family->selector != Selector::structure) continue;
                static Request request;
                request.name(*family, family->rows[0]);
                request.words[0] += 1ull << 32;
                expect_equal(hypercall(family->number, request.words.data()), -XEN_EACCES);
            }
        }},
        {in_words("no such call"), "families that are left out are not there", [] {
            for (const Family* family : basalt::table::families) {
                if (!family->is_left_out()) continue;
                if (!on_stock_xen()) expect_equal(hypercall(family->number, 0), -XEN_ENOSYS);
            }
        }},
    }));

}

constinit const std::span<const Case> cases = table;

}
