// User mode: one address space whose low half maps the image's .user section, and a way in and out of it.
#pragma once

#include "memory.hpp"
#include "traps.hpp"

#include <cstdint>

namespace kit {

constexpr std::uint64_t user_base = 0x400000;         // where the .user section begins, readable and executable
constexpr std::uint64_t user_data = 0x600000;         // one writable page, also user_data_page() for the kernel
constexpr std::uint64_t user_stack_top = user_data + page_size;
constexpr std::uint32_t user_cs = FLAT_USER_CS, user_ss = FLAT_USER_SS;

// Where code of the .user section is for user mode.
std::uint64_t in_user(const std::byte* code);
Page& user_data_page();
std::uint64_t user_root_mfn();

// Registers all zero, flags for user mode, its own stack.
Frame user_frame(const std::byte* code);

// Enters user mode with every register as given; returns the frame of the first thing that brought it back.
Frame run_user(Frame frame);

bool user_running(const Frame& frame);
[[noreturn]] void leave_user(const Frame& frame);

}
