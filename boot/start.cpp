// The order in which the rooms come to life.
#include "boot/gather.hpp"
#include "boot/options.hpp"
#include "debug/panic.hpp"
#include "machine/cpu.hpp"
#include "machine/early_memory.hpp"
#include "machine/entry.hpp"
#include "machine/features.hpp"
#include "machine/first_cpu.hpp"
#include "machine/image.hpp"
#include "machine/page_tables.hpp"
#include "machine/smp.hpp"

namespace basalt {
namespace {

void complain(const Complaint& about) {
    log(Level::warning, "option \"{}\" has no effect: expected is {}", about.word, about.expected);
}

void show_memory(MemoryMap memory) {
    std::uint64_t usable = 0;
    for (const auto& region : memory) {
        if (region.usable()) usable += region.size;
        log(Level::debug, "  {x16}-{x16} kind {}", region.start, region.end() - 1, region.kind);
    }
    log(Level::info, "{} MiB of memory", usable >> 20);
}

// What the loader left in memory that Basalt's own tables must not be put over.
void keep_what_the_loader_left(const BootInfo& info) {
    constexpr std::uint64_t first_mebibyte = 0x10'0000;
    start_early_memory(info.memory, std::uint64_t{1} << 32);
    keep_memory({0, first_mebibyte});
    keep_memory(info.image);
    for (const auto& module : info.modules)
        keep_memory({module.start & ~(page_size - 1), (module.start + module.size + page_size - 1) & ~(page_size - 1)});
}

void run_constructors();

[[noreturn]] void start(std::uint32_t magic, std::uint64_t physical) {
    set_up_first_cpu();
    run_constructors();
    read_loader_tables(magic, physical);
    const auto& info = boot_info();
    const auto options = parse_options(info.command_line, [](const Complaint&) {});
    log(Level::info, "Basalt 0.1 (Xen ABI 4.17)");
    log(Level::info, "loaded at {x} by {}, command line: {}", info.image.start, info.loader, info.command_line);
    parse_options(info.command_line, complain);
    show_up_to(options.shown);
    if (options.noreboot) stay_after_panic();
    show_memory(info.memory);

    find_features();
    switch_features_on();
    keep_what_the_loader_left(info);
    build_page_tables(info.memory);
    log(Level::info, "ready");
    for (;;) wait_for_interrupt();
}

}  // namespace

void cpu_started() {
    log(Level::info, "CPU {} runs", this_cpu().id);
}

}  // namespace basalt

extern "C" {

using Constructor = void (*)();
extern const Constructor constructors_start[], constructors_end[];

// From entry.S, on the first CPU's stack.
[[noreturn, gnu::used]] void start_first_cpu(std::uint32_t magic, std::uint64_t physical) {
    basalt::start(magic, physical);
}

}

namespace basalt {
namespace {

void run_constructors() {
    for (const auto* constructor = constructors_start; constructor != constructors_end; ++constructor) (*constructor)();
}

}  // namespace
}  // namespace basalt
