// A page-table entry as the processor reads it (SDM 3A 4.5, tables 4-15 to 4-20), at any of the four levels.
#pragma once

#include <array>
#include <cstdint>

#include "core/number.hpp"

namespace basalt::paging {

inline constexpr unsigned entries_per_table = 512;

class Entry {
public:
    static constexpr std::uint64_t present_bit = 1 << 0;
    static constexpr std::uint64_t writable_bit = 1 << 1;
    static constexpr std::uint64_t user_bit = 1 << 2;
    static constexpr std::uint64_t write_through_bit = 1 << 3;
    static constexpr std::uint64_t cache_disable_bit = 1 << 4;
    static constexpr std::uint64_t accessed_bit = 1 << 5;
    static constexpr std::uint64_t dirty_bit = 1 << 6;
    static constexpr std::uint64_t large_bit = 1 << 7;    // levels 2 to 4
    static constexpr std::uint64_t pat_bit = 1 << 7;      // level 1
    static constexpr std::uint64_t global_bit = 1 << 8;
    static constexpr std::uint64_t available_bits = 7 << 9;
    static constexpr std::uint64_t high_available_bits = std::uint64_t{0x7ff} << 52;
    static constexpr std::uint64_t guest_kernel_bit = std::uint64_t{1}
                                                      << 52;    // the guest had not set the user bit
    static constexpr std::uint64_t no_execute_bit = std::uint64_t{1} << 63;
    static constexpr std::uint64_t frame_bits = 0x000f'ffff'ffff'f000;

    constexpr Entry() = default;
    constexpr explicit Entry(std::uint64_t raw) : raw_(raw) {}
    static constexpr Entry of(Mfn mfn, std::uint64_t flags) {
        return Entry(physical_of(mfn) | flags);
    }

    constexpr std::uint64_t raw() const {
        return raw_;
    }
    constexpr bool present() const {
        return (raw_ & present_bit) != 0;
    }
    constexpr bool writable() const {
        return (raw_ & writable_bit) != 0;
    }
    constexpr bool has(std::uint64_t flags) const {
        return (raw_ & flags) == flags;
    }
    constexpr std::uint64_t flags() const {
        return raw_ & ~frame_bits;
    }
    constexpr Mfn mfn() const {
        return mfn_of(raw_ & frame_bits);
    }
    constexpr Entry with(std::uint64_t flags) const {
        return Entry(raw_ | flags);
    }
    constexpr Entry without(std::uint64_t flags) const {
        return Entry(raw_ & ~flags);
    }
    friend constexpr bool operator==(Entry, Entry) = default;

private:
    std::uint64_t raw_ = 0;
};

using Table = std::array<std::uint64_t, entries_per_table>;
static_assert(sizeof(Table) == page_size);

constexpr unsigned index_of(std::uint64_t address, unsigned level) {
    return static_cast<unsigned>(address >> (page_shift + 9 * (level - 1)) & (entries_per_table - 1));
}
static_assert(index_of(0xffff'8000'0000'0000, 4) == 256 && index_of(0x1000, 1) == 1);

}    // namespace basalt::paging
