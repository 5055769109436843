#include "guests/pv/hypercall_page.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "abi/xen.hpp"
#include "core/number.hpp"

namespace basalt {
namespace {

constexpr std::size_t slot_size = 32;
constexpr std::size_t slots = page_size / slot_size;

// Callers keep RCX and R11, which SYSCALL loses.
constexpr std::array<std::uint8_t, 14> call_stub{
    0x51,                   // push %rcx
    0x41, 0x53,             // push %r11
    0xb8, 0,    0, 0, 0,       // mov $number, %eax
    0x0f, 0x05,             // syscall
    0x41, 0x5b,             // pop %r11
    0x59,                   // pop %rcx
    0xc3,                   // ret
};
constexpr std::size_t number_in_call = 4;

// struct iret_context of <xen/arch-x86/xen-x86_64.h> begins with RAX, R11, RCX; the caller has pushed the rest.
constexpr std::array<std::uint8_t, 11> iret_stub{
    0x51,                   // push %rcx
    0x41, 0x53,             // push %r11
    0x50,                   // push %rax
    0xb8, 0,    0, 0, 0,       // mov $number, %eax
    0x0f, 0x05,             // syscall
};
constexpr std::size_t number_in_iret = 5;
constexpr std::uint8_t breakpoint = 0xcc;

}  // namespace

void write_hypercall_page(std::byte* page) {
    std::memset(page, breakpoint, page_size);
    for (std::uint32_t number = 0; number < slots; ++number) {
        const bool is_iret = number == __HYPERVISOR_iret;
        std::byte* const slot = page + number * slot_size;
        std::memcpy(slot, is_iret ? iret_stub.data() : call_stub.data(), is_iret ? iret_stub.size() : call_stub.size());
        std::memcpy(slot + (is_iret ? number_in_iret : number_in_call), &number, sizeof(number));
    }
}

}  // namespace basalt
