// REQUIRES: basalt
// RUN: not %boot-guest --monitor 'the end, please' 'mce 0 3 0xbe00000000000000 5 0xabcd000 0x8c' | FileCheck %s --check-prefix=CORRUPT
// CORRUPT: (XEN) Panic on CPU 0:
// CORRUPT-NEXT: (XEN) exception 18 (machine check), error code 0
// CORRUPT-NEXT: (XEN) CPU 0: machine check: bank 3, status be00000000000000, address abcd000, misc 8c: uncorrected, context corrupt
// CORRUPT-NEXT: (XEN) rip
// CORRUPT: (XEN) Panic: resetting in five seconds
//
// RUN: not %boot-guest --options nmi=fatal --monitor 'the end, please' nmi | FileCheck %s --check-prefix=NMI
// NMI: (XEN) Panic on CPU 0:
// NMI-NEXT: (XEN) exception 2 (NMI), error code 0
// NMI-NEXT: (XEN) NMI: for an unknown reason
// NMI-NEXT: (XEN) rip
// NMI: (XEN) Panic: resetting in five seconds
//
// What ends the machine, while a guest runs, says first what it was. There is no case to count: the machine ends in this one.
#include "kit/case.hpp"

namespace kit {
namespace {

constexpr auto table = std::to_array<Case>({
    {"iret", "is never made again", [] {
        print("the end, please");
        for (;;) __builtin_ia32_pause();
    }},
});

}
constinit const std::span<const Case> cases = table;
}
