// The command line of Dom0's kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace basalt::dom0 {

// Ends with a zero. Where a kernel does not find the ACPI tables by itself (`root_pointer` is not 0) the words that lead it
// there come first: they are not what is cut, and whoever gave the same words is obeyed. Returns how many letters had no room.
std::size_t write_command_line(std::span<char> to, std::string_view words, std::uint64_t root_pointer);

}  // namespace basalt::dom0
