// The machine's console (<xen/xen.h>).
#pragma once

#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row console_rows[] = {
    {.command = CONSOLEIO_write, .name = "write",
     .effect = "the text is on the console and in the log",
     .fields = {{"count", "bytes, 0 to 2^32 - 1"}, {"buffer", "the text; any bytes, any alignment; not looked at where count is 0"}},
     .refusals = {{Error::bad_address, "the text cannot be read; what came before, in pieces of 128 bytes, is written"}},
     .cost = Cost::resumed},
    {.command = CONSOLEIO_read, .name = "read",
     .effect = "the caller has what was typed and is not waiting any more",
     .fields = {{"count", "bytes, 0 to 2^31 - 1"}, {"buffer", "out: the text; not looked at where nothing was typed"}},
     .success = "how many bytes there were, at most count",
     .refusals = {{Error::too_big, "count is 2^31 or more"},
                  {Error::bad_address, "the buffer cannot be written; what did not reach it still waits"}},
     .cost = Cost::per_element},
};

inline constexpr Family console_io{
    .number = __HYPERVISOR_console_io, .name = "console_io",
    .effect = "write to and read from the machine's console",
    .guests = Guests::all, .asker = Asker::privileged, .selector = Selector::argument,
    .arguments = {{"command", "CONSOLEIO_*"}, {"count", "bytes"}, {"buffer", "where they are"}},
    .rows = console_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::console_io>(Call);

}   // namespace basalt::hypercalls
