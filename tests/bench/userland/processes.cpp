#include "processes.hpp"

namespace bench {
namespace {

void fork_once() {
    const long child = call(fork_call);
    if (child == 0) leave();
    call(wait4_call, child);
}

}

const char* own_path;

void fork_and_exit(std::string_view name) { measure(name, 40, 1, fork_once); }

// main.cpp knows the word, and leaves at once.
void fork_and_execute(std::string_view name) {
    measure(name, 40, 1, [] {
        const long child = call(fork_call);
        if (child == 0) {
            const char* const words[] = {own_path, "nothing", nullptr};
            call(execve_call, word(own_path), word(words));
            leave(1);
        }
        call(wait4_call, child);
    });
}

void fork_with_memory(std::string_view name, unsigned megabytes) {
    const unsigned pages = megabytes * 256;
    char* const place = fresh_pages(pages);
    touch(place, pages);
    measure(name, megabytes < 64 ? 6 : 2, pages, fork_once);
    drop_pages(place, pages);
}

void fork_and_write(std::string_view name) {
    constexpr unsigned pages = 4 * 256;
    char* const place = fresh_pages(pages);
    touch(place, pages);
    measure(name, 6, pages, [place] {
        fork_once();
        touch(place, pages);
    });
    drop_pages(place, pages);
}

long run_program(std::string_view name, const char* const* words, const char* const* environment) {
    mark<Mark::get_ready>();
    mark<Mark::begin>();
    const Ticks begin = __builtin_ia32_rdtsc();
    const long child = must(call(fork_call));
    if (child == 0) {
        call(execve_call, word(words[0]), word(words), word(environment));
        leave(127);
    }
    int status = 0;
    call(wait4_call, child, word(&status));
    const Ticks ticks = __builtin_ia32_rdtsc() - begin;
    mark<Mark::end>();
    report(name, ticks, 1);
    return status >> 8 & 0xff;
}

}
