// What only Basalt has: announced in CPUID leaf 0x40000101 (EBX).
#pragma once

#include "abi/basalt.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row basalt_rows[] = {
    {.command = basalt_audit, .name = "audit",
     .effect = "every frame's owner, use, references and users, every port and every grant has been derived again while all "
               "other CPUs stood still, and the log says in one line that they agree, or what was found first",
     .refusals = {{Error::input_output, "they do not agree", "nothing a guest can do makes them disagree"},
                  {Error::no_memory, "no memory for the counts", "no test uses up the hypervisor's memory"}},
     .cost = Cost::per_element,
     .differs = "stock Xen has no such call: -ENOSYS"},
};

inline constexpr Family basalt_op{
    .number = basalt_op_number, .name = "basalt_op",
    .effect = "Basalt's own: audit all frames, ports and grants",
    .guests = Guests::all, .asker = Asker::privileged, .selector = Selector::argument,
    .arguments = {{"command", "0: audit"}},
    .rows = basalt_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::basalt_op>(Call);

}   // namespace basalt::hypercalls
