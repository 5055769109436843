// A program for Dom0: threads and processes write to memory and to a file's pages while others fork, unmap and let go of them.
// What was written has to be there afterwards, and nothing else. Its words: a file of at least 4 MiB, and a number of rounds.
#include "../bench/userland/signals.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <span>

using namespace bench;
using namespace std::literals;

namespace {

using Word = std::uint64_t;

constexpr long area = 64;           // pages that a thread writes to
constexpr Word mark = 0x6b72616dULL << 32;

struct Fault {
    const char* name;
    Word times = 0;
} lost{"writes lost"}, moved{"copies changed by their parent"}, strange{"pages with a stranger's word"},
    stale{"file pages without what was written"};

volatile Word& first_word(char* place, long number) { return *reinterpret_cast<volatile Word*>(place + number * page); }

void yield(int times) {
    while (times-- > 0) call(sched_yield_call);
}

void expect(bool holds, Fault& fault) {
    if (!holds) ++fault.times;
}

Word faults() { return lost.times + moved.times + strange.times + stale.times; }

void write_number(Word value) {
    if (value >= 10) write_number(value / 10);
    const char digit = static_cast<char>('0' + value % 10);
    write_text({&digit, 1});
}

void tell(const Fault& fault) {
    write_number(fault.times);
    write_text(" "sv);
    for (const char* letter = fault.name; *letter != 0; ++letter) write_text({letter, 1});
    write_text("\n"sv);
}

// What a thread is told, and tells.
struct Writer {
    char* pages = nullptr;
    std::array<std::atomic<Word>, area> written{};      // to each of its pages, last
    std::atomic<bool> is_stopped = false, has_ended = false, has_begun = false;

    void await_end() const {
        while (!has_ended) yield(1);
    }
};

void start_thread(void (*work)(Writer*), Writer* writer) {
    constexpr long stack_pages = 4, of_this_process = 0x50f00;   // CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM
    void** const top = reinterpret_cast<void**>(fresh_pages(stack_pages) + stack_pages * page) - 2;
    top[0] = reinterpret_cast<void*>(work);
    top[1] = writer;
    long result = clone_call;
    register long none asm("r10") = 0;
    asm volatile("syscall\n test %%rax, %%rax\n jnz 1f\n pop %%rax\n pop %%rdi\n call *%%rax\n"
                 "mov %[exit], %%eax\n xor %%edi, %%edi\n syscall\n 1:"
                 : "+a"(result)
                 : "D"(of_this_process), "S"(top), "d"(0L), "r"(none), [exit] "i"(exit_call)
                 : "rcx", "r11", "memory");
    must(result);
    while (!writer->has_begun) yield(1);
}

// Nobody else writes to its pages: each holds what it was given last.
void count_up(Writer* self) {
    for (Word number = 1; !self->is_stopped; ++number) {
        for (long i = 0; i < area; ++i) {
            expect(first_word(self->pages, i) == number - 1, lost);
            first_word(self->pages, i) = number;
        }
        self->has_begun = true;
    }
    self->has_ended = true;
}

// Pages may be taken away: what is there then is nothing, or what this has written to them.
void write_marks(Writer* self) {
    while (!self->is_stopped) {
        for (long i = 0; i < area; ++i) {
            const Word found = first_word(self->pages, i);
            expect(found == 0 || found == mark + static_cast<Word>(i), strange);
            first_word(self->pages, i) = mark + static_cast<Word>(i);
        }
        self->has_begun = true;
    }
    self->has_ended = true;
}

Writer* volatile writer_of_file;

// Until its pages are taken away, which ends it.
void write_to_file(Writer* self) {
    for (;;) {
        for (long i = 0; i < area; ++i) {
            const Word next = self->written[static_cast<std::size_t>(i)] + 1;
            first_word(self->pages, i) = next;
            self->written[static_cast<std::size_t>(i)] = next;
        }
        self->has_begun = true;
    }
}

void end_writer_of_file(int, const void*, void*) {
    writer_of_file->has_ended = true;
    leave();
}

// A child has what was there at its birth, and its own from then on.
[[noreturn]] void be_a_copy(std::span<Writer> writers) {
    static std::array<Word, 2 * area> found;
    for (const bool again : {false, true}) {
        std::size_t number = 0;
        for (Writer& writer : writers)
            for (long i = 0; i < area; ++i, ++number) {
                if (again) expect(first_word(writer.pages, i) == found[number], moved);
                found[number] = first_word(writer.pages, i);
            }
        yield(20);
    }
    for (Writer& writer : writers)
        for (long i = 0; i < area; ++i) first_word(writer.pages, i) = mark;
    leave(moved.times != 0);
}

void wait_for(long child, Fault& fault) {
    int status = 0;
    must(call(wait4_call, child, word(&status)));
    expect(status == 0, fault);
}

void fork_beside_writers(int rounds) {
    static std::array<Writer, 2> writers;
    for (Writer& writer : writers) {
        writer.pages = fresh_pages(area);
        start_thread(count_up, &writer);
    }
    for (int round = 0; round < rounds; ++round) {
        const long child = must(call(fork_call));
        if (child == 0) be_a_copy(writers);
        wait_for(child, moved);
    }
    for (Writer& writer : writers) {
        writer.is_stopped = true;
        writer.await_end();
    }
}

void let_go_beside_writers(int rounds) {
    static Writer writer;
    writer.pages = fresh_pages(area);
    start_thread(write_marks, &writer);
    for (int round = 0; round < rounds; ++round) {
        must(call(madvise_call, word(writer.pages), area * page, not_needed));
        char* const fresh = fresh_pages(area);      // perhaps the frames that were let go
        for (const bool again : {false, true})
            for (long i = 0; i < area; ++i) {
                expect(first_word(fresh, i) == (again ? ~mark : 0), strange);
                first_word(fresh, i) = ~mark;
            }
        drop_pages(fresh, area);
    }
    writer.is_stopped = true;
    writer.await_end();
}

// A page of the file as it is where the file comes from, not in the kernel's cache.
Word in_file(long file, long number) {
    Word found = 0;
    must(call(pread_call, file, word(&found), sizeof found, number * page));
    return found;
}

void write_back(long file) {
    must(call(fsync_call, file));
    must(call(fadvise_call, file, 0, 0, not_needed));
}

char* map_file(long file, long first, long count) {
    return reinterpret_cast<char*>(must(call(mmap_call, 0, count * page, readable | writable, shared, file, first * page)));
}

void unmap_beside_writer(long file, int rounds) {
    on_signal(of_fault, end_writer_of_file);
    static std::array<Writer, 1> writers;
    Writer& writer = writers[0];
    writer_of_file = &writer;
    for (int round = 0; round < rounds; ++round) {
        writer.has_begun = writer.has_ended = false;
        writer.pages = map_file(file, 0, area);
        for (long i = 0; i < area; ++i) writer.written[static_cast<std::size_t>(i)] = static_cast<Word>(round) << 32;
        start_thread(write_to_file, &writer);
        yield(round % 8);
        drop_pages(writer.pages, area);
        writer.await_end();
        write_back(file);
        for (long i = 0; i < area; ++i) {
            const Word last = writer.written[static_cast<std::size_t>(i)], found = in_file(file, i);
            expect(found == last || found == last + 1, stale);      // it was ended between the two
        }
    }
}

// The even words of its part of the file are the process's own, the odd ones its child's.
[[noreturn]] void write_part_of_file(long file, long part, int rounds) {
    constexpr long count = 128;
    const long first = area + part * count;
    for (int round = 1; round <= rounds; ++round) {
        char* const place = map_file(file, first, count);
        const Word value = static_cast<Word>(part) << 32 | static_cast<Word>(round);
        for (long i = 0; i < count; ++i) first_word(place, i) = value;
        const long child = must(call(fork_call));
        if (child == 0) {
            for (long i = 0; i < count; i += 2) expect(first_word(place, i) == value, stale);
            for (long i = 1; i < count; i += 2) first_word(place, i) = ~value;
            leave(stale.times != 0);
        }
        wait_for(child, stale);
        if (round % 3 == 0) must(call(msync_call, word(place), count * page, 4 /* MS_SYNC */));
        drop_pages(place, count);
        if (round % 2 == 0) write_back(file);
        for (long i = 0; i < count; ++i) expect(in_file(file, first + i) == (i % 2 == 0 ? value : ~value), stale);
    }
    leave(stale.times != 0);
}

void share_file(long file, int rounds) {
    std::array<long, 4> children{};
    for (long part = 0; long& child : children) {
        child = must(call(fork_call));
        if (child == 0) write_part_of_file(file, part, rounds);
        ++part;
    }
    for (const long child : children) wait_for(child, stale);
}

int number_in(const char* text) {
    int number = 0;
    for (; *text != 0; ++text) number = number * 10 + (*text - '0');
    return number;
}

}

// The kernel leaves on the stack how many words there are, and where each one is.
extern "C" [[noreturn, gnu::used]] void write_pages(const long* stack) {
    const auto* const words = reinterpret_cast<const char* const*>(stack + 1);
    if (*stack != 3) leave(2);
    const long file = must(call(open_call, word(words[1]), read_write));
    const int rounds = number_in(words[2]);
    fork_beside_writers(rounds);
    let_go_beside_writers(rounds);
    unmap_beside_writer(file, rounds);
    share_file(file, rounds);
    for (const Fault* fault : {&lost, &moved, &strange, &stale}) tell(*fault);
    leave(faults() != 0);
}

extern "C" [[noreturn, gnu::used, gnu::naked, gnu::visibility("default")]] void _start() {
    asm volatile("mov %rsp, %rdi\n and $-16, %rsp\n call write_pages\n");
}
