#include "guests/hvm/hypercall_page.hpp"

#include <array>
#include <cstring>

#include "abi/xen.hpp"
#include "domain/own_frames.hpp"
#include "machine/features.hpp"
#include "memory/allocator.hpp"

namespace basalt::hvm {
namespace {

constexpr std::size_t slot_size = 32;
constexpr std::size_t slots = page_size / slot_size;
constexpr std::array<std::uint8_t, 9> call_stub{
    0xb8, 0,    0,    0, 0,    // mov $number, %eax
    0x0f, 0x01, 0xd9,    // vmmcall
    0xc3,                // ret
};
constexpr std::size_t number_in_call = 1, instruction_in_call = 7;
constexpr std::uint8_t vmcall = 0xc1;   // in the place of vmmcall's last byte, on Intel's processors
// A kernel in ring 0 returns by itself.
constexpr std::array<std::uint8_t, 2> no_call{0x0f, 0x0b};   // ud2
constexpr std::uint8_t breakpoint = 0xcc;

}   // namespace

bool place_hypercall_page(const Domain& domain, std::uint64_t address) {
    if (address % page_size != 0) return false;
    const auto frame = own_frame(domain, Pfn(address >> page_shift), true);
    if (!frame) return false;
    auto* const page = static_cast<std::byte*>(contents(frame->mfn()));
    std::memset(page, breakpoint, page_size);
    for (std::uint32_t number = 0; number < slots; ++number) {
        std::byte* const slot = page + number * slot_size;
        if (number == __HYPERVISOR_iret) {
            std::memcpy(slot, no_call.data(), no_call.size());
            continue;
        }
        std::memcpy(slot, call_stub.data(), call_stub.size());
        std::memcpy(slot + number_in_call, &number, sizeof(number));
        if (features().vmx_guests.used) slot[instruction_in_call] = std::byte{vmcall};
    }
    return true;
}

}   // namespace basalt::hvm
