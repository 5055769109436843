#include "cpus.hpp"

#include <array>
#include <cstdlib>
#include <memory>

namespace basalt::interleaved {

namespace {

constexpr std::size_t stack_size = 128 * 1024;

using Place = std::array<void*, 5>;    // what __builtin_setjmp keeps

struct Cpu {
    Place place{};
    std::unique_ptr<std::byte[]> stack = std::make_unique<std::byte[]>(stack_size);
    Program program;
    bool ended = true;
    bool waits = false;
    const volatile std::uint32_t* lock = nullptr;    // that it stands before
    std::uint64_t history = 0;
    std::uint64_t changes = 0;    // of its own
    std::uint64_t all_changes_at_last_wait = ~0ULL;
    const volatile void* read_last = nullptr;
    std::uint64_t at_last_wait = 0, changes_at_last_wait = ~0ULL;
};

std::array<Cpu, cpus> cpu;
Place explorer;
unsigned now = nobody;
bool traced;
std::string said;

[[gnu::noinline]] void leave() {
    if (__builtin_setjmp(cpu[now].place.data()) == 0) __builtin_longjmp(explorer.data(), 1);
}

[[gnu::noinline]] void go_on() {
    if (__builtin_setjmp(explorer.data()) == 0) __builtin_longjmp(cpu[now].place.data(), 1);
}

[[noreturn]] void run_program() {
    cpu[now].program();
    cpu[now].ended = true;
    leave();
    std::abort();
}

// What an earlier program may have left on the stack is forgotten.
[[gnu::noinline]] void begin_program() {
    const auto top = reinterpret_cast<std::uintptr_t>(cpu[now].stack.get() + stack_size) & ~std::uintptr_t{15};
    if (__builtin_setjmp(explorer.data()) == 0)
        asm volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1" : : "r"(top), "r"(&run_program) : "memory");
}

std::uint64_t mixed(std::uint64_t one, std::uint64_t other) {
    auto sum = (one + 0x9e37'79b9'7f4a'7c15) * 0xbf58'476d'1ce4'e5b9 ^ other;
    sum = (sum ^ sum >> 30) * 0x94d0'49bb'1331'11eb;
    return sum ^ sum >> 31;
}

}    // namespace

void start_cpus(const Program& first, const Program& second) {
    const Program* const programs[] = {&first, &second};
    for (unsigned which = 0; which < cpus; ++which) {
        auto& here = cpu[which];
        here.program = *programs[which];
        here.ended = here.waits = false;
        here.history = which + 1;
        here.changes = 0;
        here.read_last = nullptr;
        here.lock = nullptr;
        here.changes_at_last_wait = here.all_changes_at_last_wait = ~0ULL;
        now = which;
        begin_program();
        now = nobody;
    }
}

void step(unsigned which) {
    said.clear();
    now = which;
    go_on();
    now = nobody;
}

std::uint64_t changes() { return cpu[0].changes + cpu[1].changes; }

bool can_step(unsigned which) {
    const auto& here = cpu[which];
    if (here.lock != nullptr) return here.lock[0] == here.lock[1];
    return !here.ended && (!here.waits || changes() != here.all_changes_at_last_wait);
}

bool all_ended() { return cpu[0].ended && cpu[1].ended; }

// What it does when it waits next depends on what has changed since it did so last.
std::uint64_t histories() {
    std::uint64_t sum = 0;
    for (const auto& here : cpu) {
        const bool changed = changes() != here.all_changes_at_last_wait;
        const bool changed_itself = here.changes != here.changes_at_last_wait;
        sum = mixed(mixed(sum, here.history), changed_itself ? 0 : here.at_last_wait);
        sum = mixed(sum, here.ended << 3 | here.waits << 2 | changed << 1 | changed_itself << 0);
    }
    return sum;
}

unsigned running() { return now; }

void stand() {
    learn(1);
    if (now == nobody) return;
    cpu[now].read_last = nullptr;
    leave();
}

// What is compared and exchanged at once after it was read counts as one access: had it changed in between, it would be
// read again.
void stand_before(const volatile void* place, Access access) {
    if (now == nobody) return;
    auto& here = cpu[now];
    if (access != Access::comparing_update || here.read_last != place) stand();
    cpu[now].read_last = access == Access::load ? place : nullptr;
}

void stand_before_lock(const volatile std::uint32_t* lock) {
    if (now == nobody) return;
    cpu[now].lock = lock;
    stand();
    cpu[now].lock = nullptr;
}

void learn(std::uint64_t value) {
    if (now != nobody) cpu[now].history = mixed(cpu[now].history, value);
}

void change() {
    if (now != nobody) ++cpu[now].changes;
}

void say(const std::string& what) {
    if (now != nobody) said += (said.empty() ? "" : ", ") + what;
}

void trace(bool on) { traced = on; }
bool is_traced() { return traced; }

// Having changed nothing since it waited last, it is where it was then: it goes round in a loop. It goes
// round for nothing where nobody else has changed anything either.
void wait_for_change() {
    if (now == nobody) return;
    auto& here = cpu[now];
    if (here.changes == here.changes_at_last_wait) here.history = here.at_last_wait;
    here.at_last_wait = here.history;
    here.changes_at_last_wait = here.changes;
    here.waits = here.all_changes_at_last_wait == changes();
    here.all_changes_at_last_wait = changes();
    stand();
    here.waits = false;
}

void begin_act() {
    if (now == nobody) return;
    learn(0xac7);
    cpu[now].changes_at_last_wait = cpu[now].all_changes_at_last_wait = ~0ULL;
}

const std::string& last_said() { return said; }

}    // namespace basalt::interleaved
