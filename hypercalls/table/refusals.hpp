// All the refusals of a row: its own, and those that follow from what else it says. This is what tests must have seen.
#pragma once

#include "abi/grant_table.hpp"
#include "table/row.hpp"

namespace basalt::table {

// Calls tell(refusal) for each; one answer may come for several reasons.
template <typename Tell>
constexpr void each_refusal(const Family& family, const Row& row, Tell tell) {
    if (row.is_left_out()) {
        tell(Refusal{row.left_out.error, row.left_out.reason});
        return;
    }
    if (family.asker == Asker::privileged || row.asker == Asker::privileged)
        tell(Refusal{row.denial, "the caller is not privileged"});
    if (row.asker == Asker::for_itself && row.operand.way != Operand::Way::in_if_there) {
        const bool in_status = row.operand.status_offset != 0;
        tell(Refusal{in_status ? grant_status(GNTST_bad_domain) : Error::no_such_process, "there is no such domain, or it is dying"});
        tell(Refusal{in_status ? grant_status(GNTST_permission_denied) : Error::not_permitted,
                     "another domain, and the caller is not privileged"});
    }
    switch (row.whom) {
        case Whom::nobody: break;
        case Whom::caller: tell(Refusal{Error::not_permitted, "the call is about another domain"}); break;
        case Whom::first_from:
            tell(Refusal{Error::no_such_process, "no domain has this number or a higher one"});
            break;
        case Whom::anyone:
        case Whom::another_dying: tell(Refusal{Error::no_such_process, "there is no such domain"}); break;
        case Whom::living:
        case Whom::living_or_self:
        case Whom::another:
        case Whom::remote: tell(Refusal{Error::no_such_process, "there is no such domain, or it is dying"}); break;
    }
    if (row.whom == Whom::another || row.whom == Whom::another_dying)
        tell(Refusal{Error::invalid, "the domain is the caller itself"});
    if (row.whom == Whom::remote) tell(Refusal{Error::not_permitted, "the domain is the caller itself"});
    switch (row.operand.way) {
        case Operand::Way::none:
        case Operand::Way::in_if_there: break;
        case Operand::Way::in: tell(Refusal{Error::bad_address, "the structure cannot be read"}); break;
        case Operand::Way::out: tell(Refusal{Error::bad_address, "the structure cannot be written"}); break;
        case Operand::Way::in_out: tell(Refusal{Error::bad_address, "the structure cannot be read or written"}); break;
    }
    for (const Refusal& refusal : row.refusals) tell(refusal);
}

constexpr bool refuses(const Family& family, const Row& row, Answer answer) {
    bool named = false;
    each_refusal(family, row, [&](const Refusal& refusal) { named = named || refusal.answer == answer; });
    for (const Refusal& refusal : family.refusals) named = named || refusal.answer == answer;
    return named;
}

}  // namespace basalt::table
