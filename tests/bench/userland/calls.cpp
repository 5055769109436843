#include "calls.hpp"
#include "signals.hpp"
#include "vdso.hpp"

namespace bench {
namespace {

constexpr long monotonic = 1;    // CLOCK_MONOTONIC

struct Pipe {
    int out, in;
};

Pipe fresh_pipe() {
    Pipe made{};
    must(call(pipe_call, word(&made)));
    return made;
}

void pass(int from_pipe, int to_pipe) {
    char byte = 0;
    if (call(read_call, from_pipe, word(&byte), 1) != 1) leave();
    must(call(write_call, to_pipe, word(&byte), 1));
}

}

void get_parent(std::string_view name) {
    measure(name, 4'000, 1, [] { call(getppid_call); });
}

void get_time_of_day(std::string_view name) {
    measure(name, 4'000, 1, [] {
        std::uint64_t time[2];
        call(gettimeofday_call, word(&time));
    });
}

void get_clock(std::string_view name) {
    measure(name, 4'000, 1, [] {
        std::uint64_t time[2];
        call(clock_gettime_call, monotonic, word(&time));
    });
}

void get_clock_without_call(std::string_view name) {
    const Clock clock = clock_of_kernel();
    if (clock == nullptr) return;
    measure(name, 4'000, 1, [clock] {
        std::uint64_t time[2];
        clock(monotonic, time);
    });
}

void read_counter(std::string_view name) {
    measure(name, 4'000, 1, [] { __builtin_ia32_rdtsc(); });
}

void identify_cpu(std::string_view name) {
    measure(name, 4'000, 1, [] {
        unsigned a = 0, c = 0;
        asm volatile("cpuid" : "+a"(a), "+c"(c) : : "rbx", "rdx");
    });
}

void send_signal_to_self(std::string_view name) {
    on_signal(of_user, [](int, const void*, void*) {});
    const long own = call(getpid_call);
    measure(name, 800, 1, [own] { call(kill_call, own, of_user); });
}

void pipe_to_self(std::string_view name) {
    const Pipe pipe = fresh_pipe();
    measure(name, 2'000, 1, [pipe] {
        char byte = 0;
        call(write_call, pipe.in, word(&byte), 1);
        call(read_call, pipe.out, word(&byte), 1);
    });
    call(close_call, pipe.in);
    call(close_call, pipe.out);
}

// Each byte that comes back is two switches of the process.
void pipe_between_two(std::string_view name) {
    const Pipe there = fresh_pipe(), back = fresh_pipe();
    const long other = must(call(fork_call));
    while (other == 0) pass(there.out, back.in);
    measure(name, 800, 2, [there, back] {
        char byte = 0;
        call(write_call, there.in, word(&byte), 1);
        call(read_call, back.out, word(&byte), 1);
    });
    call(kill_call, other, to_kill);
    call(wait4_call, other);
    for (const int end : {there.out, there.in, back.out, back.in}) call(close_call, end);
}

void sleep_briefly(std::string_view name) {
    measure(name, 200, 1, [] {
        const std::uint64_t time[2] = {0, 50'000};
        call(nanosleep_call, word(&time));
    });
}

}
