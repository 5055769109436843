// Basalt's command line, in the manner of Xen's: words `name` or `name=value`. What is unknown or malformed is reported
// by name with what was expected, and the boot goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "boot/wishes.hpp"
#include "debug/log.hpp"
#include "formats/serial_options.hpp"
#include "grants/limits.hpp"
#include "machine/nmi.hpp"

namespace basalt {

enum class Console : std::uint8_t { none, com1, com2 };

struct Options {
    SerialLine com1 = basalt::com1;
    SerialLine com2 = basalt::com2;
    Console console = Console::com1;
    MemoryWish dom0_memory;
    VcpuWish dom0_vcpus;
    bool dom0_vcpus_pinned = false;
    grants::Limits grants;
    std::uint32_t most_cpus_wanted = ~std::uint32_t{0};
    NmiAnswer nmis = NmiAnswer::told_to_dom0;
    bool numa = true;              // nodes are told as the firmware says, and not as one
    bool noreboot = false;
    bool audit = false;            // before the machine ends
    Level shown = Level::info;
    Levels about_guests{.limited = Level::warning};
    std::optional<bool> smap;      // nothing: where it works
    bool hardware_guests = false;  // PVH and HVM guests may be made
    bool waits_for_console = false;   // each line is sent before we go on
    std::uint64_t log_size = 0;    // bytes; the log has some room without it
    bool keeps_guests = false;     // Dom0's words are in the log too
    std::string_view fault;        // see commit_fault.hpp: committed right before Dom0 is built
};

// Called for each word of which not all had an effect: what would have, and what counts instead.
struct Complaint {
    std::string_view word;
    std::string_view expected;
    std::string_view instead;
};
using Complain = void (*)(const Complaint&);

Options parse_options(std::string_view command_line, Complain complain);

// What there is, in the words of complaints: OPTIONS.md tells it too, and is compared with this. Of one that has no effect
// nothing is expected.
struct OptionInWords {
    std::string_view name;
    std::string_view expected;
    std::string_view without;
};
std::span<const OptionInWords> options_in_words();

}  // namespace basalt
