#include "guests/hvm/permissions.hpp"

#include <array>
#include <cstring>

#include "core/lock.hpp"
#include "machine/features.hpp"
#include "machine/msr.hpp"
#include "memory/allocator.hpp"

namespace basalt::hvm {
namespace {

constexpr unsigned ports_order = 2;        // 12 KiB: a bit each
constexpr std::size_t ports_bytes = 3 * page_size;
constexpr unsigned registers_order = 1;    // 8 KiB: two bits each, reading and writing

// Of the control block, or loaded and stored with it by VMLOAD and VMSAVE: the guest's own.
constexpr auto own_registers = std::to_array<std::uint32_t>({
    msr::sysenter_cs,
    msr::sysenter_esp,
    msr::sysenter_eip,

    msr::star,
    msr::lstar,
    msr::cstar,
    msr::syscall_mask,
    msr::fs_base,
    msr::gs_base,
    msr::gs_base_behind_swap,
});

// SDM 3C 24.6.9: reads of registers from 0, and from 0xc0000000, 1 KiB each; writes the same.
void permit_on_intel(std::uint8_t* map, std::uint32_t number) {
    constexpr std::size_t part = 1024;
    const std::size_t at = (number >= 0xc000'0000 ? part : 0) + (number & 0x1fff) / 8;
    const auto left = static_cast<std::uint8_t>(~(1U << number % 8));
    map[at] &= left, map[2 * part + at] &= left;
}

// APM 2 15.11: registers from 0, from 0xc0000000 and from 0xc0010000, 2 KiB each.
void permit(std::uint8_t* map, std::uint32_t number) {
    if (features().vmx_guests.used) return permit_on_intel(map, number);
    constexpr std::size_t part = 2048;
    const std::size_t first = number >= 0xc001'0000 ? 2 * part : number >= 0xc000'0000 ? part : 0;
    const std::size_t bit = (number & 0x1fff) * 2;
    map[first + bit / 8] &= static_cast<std::uint8_t>(~(3U << bit % 8));
}

Result<Permissions> make() {
    const Mfn ports = TRY(allocate_frames(ports_order));
    const auto registers = allocate_frames(registers_order);
    if (!registers) {
        free_frames(ports, ports_order);
        return refuse(registers.error());
    }
    std::memset(contents(ports), 0xff, ports_bytes);
    auto* const map = static_cast<std::uint8_t*>(contents(*registers));
    std::memset(map, 0xff, page_size << registers_order);
    for (const std::uint32_t number : own_registers) permit(map, number);
    return Permissions{physical_of(ports), physical_of(*registers)};
}

constinit Guarded<Permissions, Rank::domain_settings> made;

}   // namespace

Result<Permissions> permissions() {
    return made.with([](Permissions& here) -> Result<Permissions> {
        if (here.ports == 0) here = TRY(make());
        return here;
    });
}

}   // namespace basalt::hvm
