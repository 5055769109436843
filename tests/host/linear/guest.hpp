// A guest's memory as tests have it: some frames, with tables in them.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "linear/walk.hpp"

namespace basalt::linear {

class Memory {
public:
    void add(std::uint64_t frame) { frames_[frame].fill(0); }
    void remove(std::uint64_t frame) { frames_.erase(frame); }

    std::optional<std::uint64_t> read(std::uint64_t address, Width width) {
        ++reads;
        return peek(address, width);
    }
    Exchanged exchange(std::uint64_t address, Width width, std::uint64_t expected, std::uint64_t wanted) {
        if (before_exchange) before_exchange(address);
        const auto found = peek(address, width);
        if (!found || read_only) return Exchanged::nothing_there;
        if (*found != expected) return Exchanged::changed;
        put(address, wanted, width);
        ++exchanges;
        return Exchanged::yes;
    }

    std::optional<std::uint64_t> peek(std::uint64_t address, Width width) const {
        const auto frame = frames_.find(address >> 12);
        const unsigned bytes = static_cast<unsigned>(width);
        EXPECT_EQ(address % bytes, 0u);
        if (frame == frames_.end()) return std::nullopt;
        std::uint64_t value = 0;
        std::memcpy(&value, &frame->second[address & 0xfff], bytes);
        return value;
    }
    void put(std::uint64_t address, std::uint64_t value, Width width) {
        std::memcpy(&frames_.at(address >> 12)[address & 0xfff], &value, static_cast<unsigned>(width));
    }
    bool operator==(const Memory& other) const { return frames_ == other.frames_; }

    std::function<void(std::uint64_t)> before_exchange;   // what another vcpu does then
    bool read_only = false;
    unsigned reads = 0, exchanges = 0;

private:
    std::map<std::uint64_t, std::array<std::uint8_t, 4096>> frames_;
};

inline constexpr std::uint64_t p = 1, w = 2, u = 4, accessed = 0x20, dirty = 0x40, large = 0x80;
inline constexpr std::uint64_t nx = std::uint64_t{1} << 63;

// One address with a table of its own at each level: frame 10 is the root, 11 the next, and so on; the page is frame 20.
struct Guest {
    Mode mode;
    std::uint64_t address;
    std::array<unsigned, 4> indices;   // by hand, root first
    unsigned levels;
    Width width;
    Memory memory = {};

    void build() {
        mode.cr3 = 0xa000;
        for (unsigned depth = 0; depth < levels; ++depth) memory.add(10 + depth);
        for (unsigned depth = 0; depth < levels; ++depth)
            set(depth, (depth + 1 < levels ? 11 + depth : 20) << 12 | flags(depth));
    }
    std::uint64_t flags(unsigned depth) const { return mode.tables().levels == 3 && depth == 0 ? p : p | w | u; }
    std::uint64_t place(unsigned depth) const { return (10 + depth) << 12 | indices[depth] * static_cast<unsigned>(width); }
    std::uint64_t entry(unsigned depth) const { return *memory.peek(place(depth), width); }
    void set(unsigned depth, std::uint64_t entry) { memory.put(place(depth), entry, width); }
    void change(unsigned depth, std::uint64_t gone, std::uint64_t come) { set(depth, (entry(depth) & ~gone) | come); }

    auto walk(Access access = {}) { return linear::walk(mode, address, access, memory); }
};

inline constexpr std::uint64_t pe_and_pg = 0x8000'0001, wp = 0x1'0000;
inline constexpr std::uint64_t pse = 0x10, pae = 0x20, la57 = 0x1000, smep = 0x10'0000, smap = 0x20'0000;
inline constexpr std::uint64_t lme_and_lma = 0x500, nxe = 0x800;

inline Guest guest_32() {
    Guest guest{{.cr0 = pe_and_pg, .cr4 = pse}, 0x0c03'4567, {48, 52, 0, 0}, 2, Width::four_bytes};
    guest.build();
    return guest;
}
inline Guest guest_pae() {
    Guest guest{{.cr0 = pe_and_pg, .cr4 = pae, .efer = nxe}, 0x8c23'4567, {2, 97, 52, 0}, 3, Width::eight_bytes};
    guest.build();
    return guest;
}
inline Guest guest_64() {
    Guest guest{{.cr0 = pe_and_pg, .cr4 = pae, .efer = nxe | lme_and_lma, .physical_bits = 40, .gigabyte_pages = true},
                0xffff'8180'8c23'4567,
                {259, 2, 97, 52},
                4,
                Width::eight_bytes};
    guest.build();
    return guest;
}

inline auto fault(std::uint32_t code) { return std::unexpected(Refusal{Refusal::Why::page_fault, code}); }
inline auto refused(Refusal::Why why) { return std::unexpected(Refusal{why}); }

constexpr Access read_by_user{Access::Kind::read, true}, write_by_user{Access::Kind::write, true},
    fetch_by_user{Access::Kind::fetch, true};
constexpr Access read_by_kernel{Access::Kind::read}, write_by_kernel{Access::Kind::write}, fetch_by_kernel{Access::Kind::fetch};

}   // namespace basalt::linear
