// System calls, signals and pipes: what goes to the kernel and back without a page table being touched.
#pragma once

#include "measure.hpp"

namespace bench {

void get_parent(std::string_view name);
void get_time_of_day(std::string_view name);
void get_clock(std::string_view name);
void get_clock_without_call(std::string_view name);
void read_counter(std::string_view name);
void identify_cpu(std::string_view name);
void send_signal_to_self(std::string_view name);
void pipe_to_self(std::string_view name);
void pipe_between_two(std::string_view name);
void sleep_briefly(std::string_view name);

}
