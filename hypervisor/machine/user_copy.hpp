// Guest memory through the guest's own page tables. The caller has checked the range: anything canonical outside
// [layout::start, layout::end) may be named, and whether it is mapped is found out by touching it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>

#include "core/layout.hpp"

namespace basalt {

// How many bytes at the end were not copied: 0 is success. `guest` is only ever an address, never dereferenced by C++.
[[nodiscard]] std::size_t copy_from_guest(void* to, std::uint64_t guest, std::size_t size);
[[nodiscard]] std::size_t copy_to_guest(std::uint64_t guest, const void* from, std::size_t size);
[[nodiscard]] std::size_t clear_guest(std::uint64_t guest, std::size_t size);

struct Faulted {};   // the guest's memory was not there, or not writable

// One aligned word of 1, 2, 4 or 8 bytes, exchanged with LOCK if it equals `expected`; what was found is returned.
std::expected<std::uint64_t, Faulted> compare_exchange_guest(std::uint64_t guest, std::size_t size, std::uint64_t expected,
                                                             std::uint64_t wanted);

std::expected<std::uint64_t, Faulted> read_guest_word(std::uint64_t guest);
std::expected<void, Faulted> write_guest_word(std::uint64_t guest, std::uint64_t word);

// True when a guest may name this range: no byte of it lies in Basalt's slots. Addresses that are not canonical
// need no check, touching them is a fault like any other.
constexpr bool guest_may_name(std::uint64_t address, std::uint64_t size) {
    const auto last = address + (size == 0 ? 0 : size - 1);
    return last >= address && (last < layout::start || address >= layout::end);
}

}  // namespace basalt
