// The machine's console (<xen/xen.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row console_rows[] = {
    {.command = CONSOLEIO_write, .name = "write",
     .effect = "the text is on the console and in the log",
     .fields = {{"count", "bytes"}, {"buffer", "the text"}},
     .refusals = {{Error::bad_address, "the text cannot be read; what came before is written"}},
     .cost = Cost::resumed},
    {.command = CONSOLEIO_read, .name = "read",
     .effect = "the guest has what was typed",
     .fields = {{"count", "bytes, at most 2^31 - 1"}, {"buffer", "out: the text"}},
     .success = "how many bytes there were",
     .refusals = {{Error::too_big, "count is 2^31 or more"},
                  {Error::bad_address, "the buffer cannot be written; what was typed is lost"}},
     .cost = Cost::per_element},
};

inline constexpr Family console_io{
    .number = __HYPERVISOR_console_io, .name = "console_io",
    .effect = "write to and read from the machine's console",
    .guests = Guests::all, .asker = Asker::privileged, .selector = Selector::argument,
    .arguments = {{"command", "CONSOLEIO_*"}, {"count", "bytes"}, {"buffer", "where they are"}},
    .rows = console_rows};

}  // namespace basalt::table
