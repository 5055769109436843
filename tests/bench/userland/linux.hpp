// Linux's system calls, as far as the rows need them (asm/unistd_64.h), without a C library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

enum Call : long {
    read_call = 0,
    write_call = 1,
    open_call = 2,
    close_call = 3,
    mmap_call = 9,
    mprotect_call = 10,
    munmap_call = 11,
    rt_sigaction_call = 13,
    rt_sigreturn_call = 15,
    pread_call = 17,
    pipe_call = 22,
    sched_yield_call = 24,
    msync_call = 26,
    madvise_call = 28,
    nanosleep_call = 35,
    getpid_call = 39,
    socket_call = 41,
    connect_call = 42,
    accept_call = 43,
    bind_call = 49,
    listen_call = 50,
    setsockopt_call = 54,
    clone_call = 56,
    fork_call = 57,
    execve_call = 59,
    exit_call = 60,
    wait4_call = 61,
    kill_call = 62,
    fsync_call = 74,
    unlink_call = 87,
    gettimeofday_call = 96,
    getppid_call = 110,
    reboot_call = 169,
    io_setup_call = 206,
    io_destroy_call = 207,
    io_getevents_call = 208,
    io_submit_call = 209,
    fadvise_call = 221,
    clock_gettime_call = 228
};

inline long call(Call number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
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

inline long word(const void* place) { return reinterpret_cast<long>(place); }

// Without the library's strlen and memcmp, which are not there.
inline bool is(std::string_view name, const char* word) {
    for (const char each : name)
        if (*word++ != each) return false;
    return *word == 0;
}

[[noreturn]] inline void leave(int status = 0) {
    for (;;) call(exit_call, status);
}

inline void write_text(std::string_view text) { call(write_call, 1, word(text.data()), static_cast<long>(text.size())); }

// What a row cannot be measured without.
inline long must(long result) {
    using namespace std::literals;
    if (result < 0) {
        write_text("userland: a system call failed\n"sv);
        leave(1);
    }
    return result;
}

inline constexpr long page = 4096;
inline constexpr long readable = 1, writable = 2;                                    // PROT_
inline constexpr long shared = 0x01, own_memory = 0x22;   // MAP_SHARED, MAP_PRIVATE | MAP_ANONYMOUS
inline constexpr long not_needed = 4, no_huge_pages = 15;   // MADV_DONTNEED and POSIX_FADV_DONTNEED, MADV_NOHUGEPAGE
inline constexpr long read_write = 2, create = 0x40;   // O_
inline constexpr long to_kill = 9, of_user = 10, of_fault = 11;   // SIGKILL, SIGUSR1, SIGSEGV

// Fresh memory, all of it in small pages.
inline char* fresh_pages(long count) {
    const long place = must(call(mmap_call, 0, count * page, readable | writable, own_memory, -1));
    call(madvise_call, place, count * page, no_huge_pages);
    return reinterpret_cast<char*>(place);
}

inline void drop_pages(const char* place, long count) { call(munmap_call, word(place), count * page); }

inline void touch(char* place, long count) {
    for (long i = 0; i < count; ++i) const_cast<volatile char&>(place[i * page]) = 1;
}

}
