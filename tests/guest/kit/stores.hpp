// SGDT, SIDT, SLDT, STR and SMSW, as functions that call_in() takes to either mode.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace kit {

struct Stored {
    struct [[gnu::packed]] {
        std::uint16_t limit;
        std::uint64_t base;
    } pointer;   // SGDT, SIDT
    std::uint64_t word;                                                             // the others
    std::uint64_t word_in_memory;                                                   // of which they write 16 bits

    bool operator==(const Stored& other) const {
        return pointer.limit == other.pointer.limit && pointer.base == other.pointer.base && word == other.word &&
               word_in_memory == other.word_in_memory;
    }
};
inline constexpr std::uint64_t untouched = 0xa5a5'a5a5'a5a5'a5a5;
inline constexpr Stored nothing_stored{{0xa5a5, untouched}, untouched, untouched};

namespace store {
[[gnu::section(".user")]] inline void gdt(Stored& to) { asm volatile("sgdt %0" : "=m"(to.pointer)); }
[[gnu::section(".user")]] inline void idt(Stored& to) { asm volatile("sidt %0" : "=m"(to.pointer)); }
[[gnu::section(".user")]] inline void ldt(Stored& to) {
    asm volatile("sldt %0; sldt %1" : "+r"(to.word), "+m"(to.word_in_memory));
}
[[gnu::section(".user")]] inline void task(Stored& to) {
    asm volatile("str %0; str %1" : "+r"(to.word), "+m"(to.word_in_memory));
}
[[gnu::section(".user")]] inline void status(Stored& to) {
    asm volatile("smsw %0; smsw %1" : "+r"(to.word), "+m"(to.word_in_memory));
}
}

struct Store {
    std::string_view name;
    void (*code)(Stored&);
};
inline constexpr auto stores = std::to_array<Store>({
    {"sgdt", store::gdt},
    {"sidt", store::idt},
    {"sldt", store::ldt},
    {"str", store::task},
    {"smsw", store::status},
});

// CPUID tells the machine's processor, in either mode.
inline bool processor_has_umip() {
    std::uint32_t a = 7, b, c = 0, d;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c >> 2 & 1) != 0;
}

}
