// What a process feels of the hypervisor: system calls, processes, memory. Without a C library, so that only the kernel and
// what is below it are measured. Its words are the names of rows; without any it measures all. `time NAME PROGRAM WORD...`
// measures that program, and `serve` is the other side of TCP. As a machine's first process it switches the machine off at the
// end.
#include "calls.hpp"
#include "devices.hpp"
#include "memory.hpp"
#include "processes.hpp"
#include "vdso.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace bench {
namespace {

constexpr auto rows = std::to_array<Row>({
    {"getppid", get_parent},
    {"gettimeofday", get_time_of_day},
    {"clock_gettime", get_clock},
    {"clock_vdso", get_clock_without_call},
    {"rdtsc", read_counter},
    {"cpuid", identify_cpu},
    {"signal", send_signal_to_self},
    {"pipe_self", pipe_to_self},
    {"pipe_pingpong", pipe_between_two},
    {"nanosleep", sleep_briefly},
    {"fork_exit", fork_and_exit},
    {"fork_exec", fork_and_execute},
    {"page_touch", touch_fresh_pages},
    {"file_read", read_file_pages},
    {"file_write", write_file_pages},
    {"mprotect", protect_page},
    {"fault_signal", fault_to_signal},
    {"fork_1m", fork_with<1>},
    {"fork_4m", fork_with<4>},
    {"fork_16m", fork_with<16>},
    {"fork_64m", fork_with<64>},
    {"fork_256m", fork_with<256>},
    {"fork_write_4m", fork_and_write},
    {"disk_1", read_disk_one_by_one},
    {"disk_16", read_disk_sixteen_at_once},
    {"tcp_byte", pass_byte_by_tcp},
    {"tcp_send", send_by_tcp},
    {"tcp_receive", receive_by_tcp},
});

std::string_view text_of(const char* word) {
    std::size_t length = 0;
    while (word[length] != 0) ++length;
    return {word, length};
}

bool is_among(std::string_view name, std::span<const char* const> words) {
    return std::ranges::any_of(words, [name](const char* each) { return is(name, each); });
}

// What the boot, and whoever was started with this, have left to do: they are done long before.
void wait_for_others() {
    const std::uint64_t second[2] = {1, 0};
    call(nanosleep_call, word(&second));
}

[[noreturn]] void end() {
    if (call(getpid_call) == 1) call(reboot_call, 0xfee1dead, 672274793, 0x4321fedc /* power off */);
    leave();
}

}
}

// The kernel leaves on the stack how many words there are, where each one is, and behind a null the environment.
extern "C" [[noreturn, gnu::used]] void run_rows(const long* stack) {
    using namespace bench;
    const Ticks started = __builtin_ia32_rdtsc();
    const std::span words(reinterpret_cast<const char* const*>(stack + 1), static_cast<std::size_t>(*stack));
    const auto wanted = words.subspan(1);
    own_path = words[0];
    environment = words.data() + words.size() + 1;
    if (is_among("nothing"sv, wanted)) leave();
    if (is_among("serve"sv, wanted)) serve_by_tcp();
    if (wanted.size() > 2 && is("time"sv, wanted[0]))
        leave(static_cast<int>(run_program(text_of(wanted[1]), &wanted[2], environment)));
    if (wanted.empty()) report("boot_shell"sv, started, 1);
    mark<Mark::get_ready>();
    wait_for_others();
    for (const Row& row : rows)
        if (wanted.empty() || is_among(row.name, wanted)) row.run(row.name);
    end();
}

extern "C" [[noreturn, gnu::used, gnu::naked, gnu::visibility("default")]] void _start() {
    asm volatile("mov %rsp, %rdi\n and $-16, %rsp\n call run_rows\n");
}
