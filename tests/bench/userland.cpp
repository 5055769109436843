// What a Dom0 process feels of the hypervisor: system calls, processes, fresh memory. Without a C library, so that only
// the kernel and what is below it are measured. Each row is printed as: bench NAME TICKS TIMES.
#include <cstdint>
#include <string_view>

using namespace std::literals;

namespace {

using Ticks = std::uint64_t;

enum Call : long {
    write_call = 1,
    mmap_call = 9,
    munmap_call = 11,
    madvise_call = 28,
    fork_call = 57,
    exit_call = 60,
    wait4_call = 61,
    getppid_call = 110
};

long call(Call number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    long result = number;
    register long fourth asm("r10") = d;
    register long fifth asm("r8") = e;
    register long sixth asm("r9") = f;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
    return result;
}

void write_text(std::string_view text) {
    call(write_call, 1, reinterpret_cast<long>(text.data()), static_cast<long>(text.size()));
}

void write_number(std::uint64_t value) {
    if (value >= 10) write_number(value / 10);
    const char digit = static_cast<char>('0' + value % 10);
    write_text({&digit, 1});
}

void report(std::string_view name, Ticks ticks, unsigned times) {
    write_text("bench "sv);
    write_text(name);
    write_text(" "sv);
    write_number(ticks);
    write_text(" "sv);
    write_number(times);
    write_text("\n"sv);
}

// For whoever counts from outside (count_instructions.c): no-ops with a number.
void tell_begin() { asm volatile("nopl 0x4c534201(%rax)"); }
void tell_end() { asm volatile("nopl 0x4c534202(%rax)"); }

void measure(std::string_view name, unsigned times, unsigned rows, void (*work)()) {
    for (unsigned i = 0; i < times / 10 + 1; ++i) work();
    tell_begin();
    const Ticks begin = __builtin_ia32_rdtsc();
    for (unsigned i = 0; i < times; ++i) work();
    const Ticks taken = __builtin_ia32_rdtsc() - begin;
    tell_end();
    report(name, taken, times * rows);
}

void fork_and_exit() {
    const long child = call(fork_call);
    if (child == 0) call(exit_call);
    call(wait4_call, child);
}

constexpr long page = 4096, chunk = 256;

void touch_fresh_pages() {
    const long place = call(mmap_call, 0, chunk * page, 3 /* read, write */, 0x22 /* private, anonymous */, -1);
    call(madvise_call, place, chunk * page, 15 /* no huge pages */);
    for (long i = 0; i < chunk; ++i) reinterpret_cast<volatile char*>(place)[i * page] = 1;
    call(munmap_call, place, chunk * page);
}

}

extern "C" [[noreturn, gnu::used, gnu::visibility("default"), gnu::force_align_arg_pointer]] void _start() {
    report("boot_shell"sv, __builtin_ia32_rdtsc(), 1);
    measure("getppid"sv, 10'000, 1, [] { call(getppid_call); });
    measure("fork_exit"sv, 100, 1, fork_and_exit);
    measure("page_touch"sv, 40, chunk, touch_fresh_pages);
    for (;;) call(exit_call);
}
