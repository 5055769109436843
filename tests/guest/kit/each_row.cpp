#include "each_row.hpp"

#include <cstring>

namespace kit {

void Request::name(const Family& family, const Row& row) {
    words.fill(0);
    if (family.selector == Selector::structure) words[0] = std::uint64_t{family.interface_version} << 32 | row.command;
    if (family.selector == Selector::each_element) words[0] = row.command;
}

void Request::set_domain(const Family& family, const Row& row, unsigned domain) {
    const auto id = static_cast<domid_t>(domain);
    const std::size_t behind_version = family.selector == Selector::structure ? sizeof words[0] : 0;
    const std::size_t at = row.domain_at < 0 ? behind_version : static_cast<std::size_t>(row.domain_at);
    memcpy(reinterpret_cast<std::byte*>(&words) + at, &id, sizeof id);
}

Status ask(const Family& family, const Row& row, Word structure) {
    switch (family.number) {
        case __HYPERVISOR_vcpu_op: return hypercall(family.number, row.command, 0, structure);
        case __HYPERVISOR_grant_table_op: return hypercall(family.number, row.command, structure, 1);
        case __HYPERVISOR_console_io: return hypercall(family.number, row.command, 0, structure);
        default: break;
    }
    if (family.selector == Selector::argument) return hypercall(family.number, row.command, structure);
    if (family.selector == Selector::each_element) return hypercall(family.number, structure, 1, nullptr, DOMID_SELF);
    return hypercall(family.number, structure, 1);
}

}
