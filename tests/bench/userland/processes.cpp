#include "processes.hpp"

namespace bench {

void fork_and_exit(std::string_view name) {
    measure(name, 100, 1, [] {
        const long child = call(fork_call);
        if (child == 0) leave();
        call(wait4_call, child);
    });
}

// main.cpp knows the word, and leaves at once.
void fork_and_execute(std::string_view name) {
    measure(name, 100, 1, [] {
        const long child = call(fork_call);
        if (child == 0) {
            const char program[] = "/proc/self/exe", nothing[] = "nothing";
            const char* const words[] = {program, nothing, nullptr};
            call(execve_call, word(program), word(words));
            leave(1);
        }
        call(wait4_call, child);
    });
}

void fork_with_memory(std::string_view name, unsigned megabytes) {
    const unsigned pages = megabytes * 256;
    char* const place = fresh_pages(pages);
    touch(place, pages);
    measure(name, megabytes < 64 ? 16 : 4, pages, [] {
        const long child = call(fork_call);
        if (child == 0) leave();
        call(wait4_call, child);
    });
    drop_pages(place, pages);
}

}
