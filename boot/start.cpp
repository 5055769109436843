// The order in which the rooms come to life.
#include <algorithm>

#include "boot/commit_fault.hpp"
#include "boot/dom0/build.hpp"
#include "boot/gather.hpp"
#include "boot/memory.hpp"
#include "boot/options.hpp"
#include "debug/panic.hpp"
#include "devices/clock.hpp"
#include "devices/firmware.hpp"
#include "devices/nodes.hpp"
#include "devices/serial.hpp"
#include "devices/shutdown.hpp"
#include "devices/start.hpp"
#include "domain/audit.hpp"
#include "domain/guest_messages.hpp"
#include "domain/run.hpp"
#include "guests/policy/hypervisor_name.hpp"
#include "guests/policy/machine_policy.hpp"
#include "machine/cpu.hpp"
#include "machine/entry.hpp"
#include "machine/features.hpp"
#include "machine/first_cpu.hpp"
#include "machine/machine_check.hpp"
#include "machine/nmi.hpp"
#include "machine/smp.hpp"
#include "machine/svm.hpp"
#include "machine/vmx.hpp"

namespace basalt {
namespace {

void complain(const Complaint& about) {
    log(Level::warning, "option \"{}\": expected is {}; what counts is {}", about.word, about.expected, about.instead);
}

void open_console(const Options& options) {
    if (options.console == Console::com1) open_serial(options.com1);
    if (options.console == Console::com2) open_serial(options.com2);
}

void say_hello(const BootInfo& info) {
    log(Level::info, "{} (Xen ABI 4.17)", source_name);
    log(Level::info, "loaded at {x} by {}; command line: {}", info.image.start, info.loader, info.command_line);
    for (const auto& region : info.memory)
        log(Level::debug, "  {x16}-{x16} kind {}", region.start, region.end() - 1, region.kind);
    if (info.modules_left_out != 0)
        log(Level::warning, "the loader gave {} modules more than Basalt has room for: they are not used",
            info.modules_left_out);
    if (info.regions_left_out != 0)
        log(Level::warning,
            "the loader told of {} regions of memory more than Basalt has room for: what they say does not count",
            info.regions_left_out);
}

void start_cpus(const BootInfo& info, const Options& options) {
    scheduler().bring_online(this_cpu().id);
    const auto ids = startable_cpus();
    const auto running = start_cpus(ids, options.most_cpus_wanted, info.memory);
    check_clocks_agree();
    log(Level::info, "CPUs: {}", running);
}

dom0::Bytes contents_of(const BootModule& module) { return {at_physical<std::byte>(module.start), module.size}; }

void build_dom0(const BootInfo& info, const Options& options) {
    if (info.modules.empty()) panic("no Dom0: the loader gave no kernel (module2)");
    const auto& kernel = info.modules[0];
    const dom0::Wishes wishes{
        .kernel = contents_of(kernel),
        .initrd = info.modules.size() > 1 ? contents_of(info.modules[1]) : dom0::Bytes(),
        .command_line = kernel.command_line,
        .memory = options.dom0_memory,
        .vcpus = options.dom0_vcpus,
        .cpus = static_cast<std::uint32_t>(online_cpu_count()),
        .vcpus_pinned = options.dom0_vcpus_pinned,
    };
    const auto built = dom0::build(wishes);
    if (!built) panic("Dom0's kernel cannot be started: {}", built.error().text());
}

void obey(const Options& options) {
    show_up_to(options.shown);
    tell_about_guests(options.about_guests);
    if (options.keeps_guests) keep_guests_words();
    if (options.audit) audit_before_the_end();
    grants::choose_limits(options.grants);
    answer_nmis(options.nmis);
    if (options.noreboot) stay_after_errors();
}

[[noreturn]] void start(std::uint32_t magic, std::uint64_t physical) {
    set_up_first_cpu();
    read_loader_tables(magic, physical);
    const auto& info = boot_info();
    const auto options = parse_options(info.command_line, [](const Complaint&) {});
    open_console(options);
    obey(options);
    say_hello(info);
    parse_options(info.command_line, complain);

    find_features({.smap = options.smap, .hardware_guests = options.hardware_guests});
    switch_features_on();
    answer_smap_option(options.smap);
    begin_machine_checks();
    start_up_memory(info);
    give_log_room(options.log_size);
    find_firmware();
    find_nodes(options.numa);
    divide_memory_by_nodes();
    look_at_pci();
    start_interrupts();
    start_time();
    start_serial_interrupts(!options.waits_for_console);
    svm::switch_on();
    vmx::switch_on();
    start_cpus(info, options);

    commit_fault(options.fault);
    policy::find_offer();
    build_dom0(info, options);
    give_start_up_back();
    enter_guests();
}

}  // namespace

void cpu_started() {
    begin_machine_checks();
    devices_join_cpu();
    svm::switch_on();
    vmx::switch_on();
    scheduler().bring_online(this_cpu().id);
}

}  // namespace basalt

extern "C" {

using Constructor = void (*)();
extern const Constructor constructors_start[], constructors_end[];

// From entry.S, on the first CPU's stack.
[[noreturn, gnu::used]] void start_first_cpu(std::uint32_t magic, std::uint64_t physical) {
    for (const auto* constructor = constructors_start; constructor != constructors_end; ++constructor) (*constructor)();
    basalt::start(magic, physical);
}
}
