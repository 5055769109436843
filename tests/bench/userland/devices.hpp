// Disks and networks. A row without its device, or without anybody who serves it, is left out.
#pragma once

#include "measure.hpp"

namespace bench {

void read_disk_one_by_one(std::string_view name);
void read_disk_sixteen_at_once(std::string_view name);

// Round trips of a byte, and blocks of 64 KiB in each direction, by TCP with whoever serves: Dom0 if this is a guest.
void pass_byte_by_tcp(std::string_view name);
void send_by_tcp(std::string_view name);
void receive_by_tcp(std::string_view name);
[[noreturn]] void serve_by_tcp();

}
