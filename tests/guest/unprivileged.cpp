// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What a domain without privileges is refused. A twin of this guest asks for every row that wants privileges, and about
// Dom0 for every row that others may only ask about themselves; its answers are read out of its memory.
#include "kit/each_row.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

constexpr bool is_refused(const Family& family, const Row& row) {
    return family.asker == Asker::privileged || row.asker == Asker::privileged ||
           (row.asker == Asker::for_itself && answers_for_domain(row));
}
constexpr auto asked = places<is_refused>();

// What the twin was answered, by the place of the row in `asked`.
std::array<volatile std::uint64_t, asked.size()> answered;

// Structures of zeroes: they are about domain 0, which is there and is not the twin.
void ask_all() {
    start_memory(start);
    start_traps();
    static Request request;
    for (std::size_t index = 0; index < asked.size(); ++index) {
        request.name(asked[index].of_family(), asked[index].of_row());
        answered[index] = static_cast<std::uint64_t>(ask(asked[index].of_family(), asked[index].of_row(), request.words.data()));
    }
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

void let_twin_ask() {
    const Twin twin(ask_all);
    if (!expect_equal(twin.trouble, 0)) return;
    expect_equal(twin.start(), 0);
    expect_equal(twin.ended(), SHUTDOWN_poweroff);
    for (auto& answer : answered) answer = twin.read(answer);
    note_answers_of(twin);
    expect_equal(twin.destroy(), 0);
}

// Where stock Xen tells anybody which domains are PV guests, by another error, before it looks who asks.
bool tells_kind_first(const Family& family, const Row& row) {
    return family.number == __HYPERVISOR_hvm_op || (family.number == __HYPERVISOR_memory_op && row.name.contains("physmap") &&
                                                    row.name != "populate_physmap");
}

void was_refused(const Family& family, const Row& row) {
    if (on_stock_xen() && family.number == basalt::basalt_op_number) return skip("stock Xen has no such call");
    if (on_stock_xen() && row.name.starts_with("restore_msi")) return skip("stock Xen looks for the device first, and tells");
    if (on_stock_xen() && tells_kind_first(family, row)) return skip("stock Xen tells first that the domain is a PV guest");
    for (std::size_t index = 0; index < asked.size(); ++index)
        if (&asked[index].of_row() == &row) expect_equal(answered[index], basalt::errno_of(row.denial));
}

constexpr auto table = joined(
    std::to_array<Case>({{"domctl.createdomain", "a twin of this guest asks for all that it may not have", let_twin_ask}}),
    cases_of_rows<is_refused, was_refused>("is refused to a domain without privileges"));

}

constinit const std::span<const Case> cases = table;

}
