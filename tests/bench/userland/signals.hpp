// A handler of a signal, as the kernel wants to be told of it.
#pragma once

#include "linux.hpp"

namespace bench {

struct SignalAction {
    void (*handler)(int, const void* info, void* context);
    std::uint64_t flags;
    void (*restorer)();
    std::uint64_t mask;
};

// What a C library has behind every handler.
[[gnu::naked]] inline void return_from_signal() { asm volatile("mov %0, %%eax\n syscall" : : "i"(rt_sigreturn_call)); }

inline void on_signal(long signal, void (*handler)(int, const void*, void*)) {
    constexpr std::uint64_t with_info = 4, with_restorer = 0x0400'0000;   // SA_SIGINFO, SA_RESTORER
    const SignalAction action{handler, with_info | with_restorer, return_from_signal, 0};
    must(call(rt_sigaction_call, signal, word(&action), 0, sizeof action.mask));
}

}
