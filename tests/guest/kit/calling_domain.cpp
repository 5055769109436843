#include "calling_domain.hpp"

#include "answers.hpp"

namespace kit {
namespace {

// Its list is at HardwareDomain::data.
asm(".pushsection .rodata\n"
    "makes_calls: mov $0x2000, %ebx\n"
    "1: cmpq $0, 56(%rbx); je 2f\n"
    "mov (%rbx), %rax; mov 8(%rbx), %rdi; mov 16(%rbx), %rsi; mov 24(%rbx), %rdx; mov 32(%rbx), %r10; mov 40(%rbx), %r8\n"
    "cmp $0xffff, %eax; je 3f\n"
    "vmmcall; jmp 4f\n"
    "3: mov (%rdi), %rax; mov %rax, (%rsi)\n"
    "4: mov %rax, 48(%rbx); add $64, %rbx; jmp 1b\n"
    "2: cli; hlt\n"
    "makes_calls_end: .popsection");
extern "C" const std::byte makes_calls[], makes_calls_end[];

}

CallingDomain::CallingDomain() : HardwareDomain({makes_calls, makes_calls_end}, 0, Mode::bits_64) {}

bool CallingDomain::makes_its_calls() {
    const std::span list(reinterpret_cast<std::byte*>(calls_), page_size), structures(structures_, page_size);
    write_page(data, list);
    write_page(data + 1, structures);
    if (trouble != 0 || run() != SHUTDOWN_poweroff) return false;
    read_page(data, list);
    read_page(data + 1, structures);
    for (const Made& made : std::span(calls_, count_)) {
        if (made.number == copies || made.number == __HYPERVISOR_domctl) continue;   // whose command is in its structure
        CallMade call{static_cast<unsigned>(made.number), {}, made.answer};
        for (std::size_t word = 0; word < call.arguments.size(); ++word) call.arguments[word] = made.words[word];
        note_answer(call);   // its structures are in its own memory, and are not looked at
    }
    return true;
}

}
