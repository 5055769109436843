// Page tables, as a process changes them: by touching memory, by mprotect, by what it does not have.
#pragma once

#include "measure.hpp"

namespace bench {

void touch_fresh_pages(std::string_view name);
void read_file_pages(std::string_view name);
void write_file_pages(std::string_view name);
void protect_page(std::string_view name);
void fault_to_signal(std::string_view name);

}
