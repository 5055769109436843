#include "boot/dom0/command_line.hpp"

#include <algorithm>
#include <array>

#include "debug/format.hpp"

namespace basalt::dom0 {

std::size_t write_command_line(std::span<char> to, std::string_view words, std::uint64_t root_pointer) {
    std::size_t used = 0;
    if (root_pointer != 0) used = format_into(to, "acpi_rsdp=0x{x} ", std::array{argument_of(root_pointer)});
    const std::size_t room = to.size() - used - 1;
    const auto kept = words.substr(0, room);
    std::ranges::copy(kept, to.data() + used);
    to[used + kept.size()] = '\0';
    return words.size() - kept.size();
}

}  // namespace basalt::dom0
