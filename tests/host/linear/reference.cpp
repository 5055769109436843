#include "linear/reference.hpp"

#include <vector>

namespace basalt::linear::reference {
namespace {

using Why = Refusal::Why;

bool bit(std::uint64_t word, int number) { return (word >> number & 1) != 0; }
bool any(std::uint64_t word, int high, int low) {
    for (int number = low; number <= high; ++number)
        if (bit(word, number)) return true;
    return false;
}
std::uint64_t part(std::uint64_t word, int high, int low) {
    std::uint64_t found = 0;
    for (int number = high; number >= low; --number) found = found * 2 + bit(word, number);
    return found;
}

struct Entry {
    std::uint64_t place = 0, raw = 0;
    int bytes = 8;
    bool grants = true;
};

struct Walker {
    const Mode& mode;
    const std::uint64_t linear;
    const Access access;
    Memory& memory;
    std::vector<Entry> way;
    Refusal refusal;

    bool nxe() const { return bit(mode.efer, 11); }
    bool in_pae() const { return bit(mode.cr4, 5); }

    bool ends(Why why, std::uint32_t code = 0) {
        refusal = {why, code};
        return false;
    }
    bool faults(bool is_present, bool is_reserved) {
        const bool writes = access.kind == Access::Kind::write, fetches = access.kind == Access::Kind::fetch;
        const bool fetch_shown = (in_pae() && nxe()) || bit(mode.cr4, 20);
        return ends(Why::page_fault, (is_present ? 1u : 0u) + (writes ? 2u : 0u) + (access.by_user ? 4u : 0u) +
                                         (is_reserved ? 8u : 0u) + (fetches && fetch_shown ? 16u : 0u));
    }
    bool load(std::uint64_t place, int bytes, bool grants = true) {
        const auto raw = memory.peek(place, bytes == 4 ? Width::four_bytes : Width::eight_bytes);
        if (!raw) return ends(Why::nothing_there);
        way.push_back({place, *raw, bytes, grants});
        return bit(*raw, 0) || faults(false, false);
    }
    std::uint64_t now() const { return way.back().raw; }

    // 4.6.1. "User-mode address": U/S is 1 in every entry.
    bool is_granted() const {
        bool user_address = true, read_write = true, execute_disable = false;
        for (const Entry& entry : way) {
            if (!entry.grants) continue;
            if (!bit(entry.raw, 2)) user_address = false;
            if (!bit(entry.raw, 1)) read_write = false;
            if (entry.bytes == 8 && nxe() && bit(entry.raw, 63)) execute_disable = true;
        }
        const bool protects = bit(mode.cr0, 16), smep_on = bit(mode.cr4, 20), smap_on = bit(mode.cr4, 21);
        if (access.by_user) {
            switch (access.kind) {
                case Access::Kind::read: return user_address;
                case Access::Kind::write: return user_address && read_write;
                case Access::Kind::fetch: return user_address && !execute_disable;
            }
        }
        const bool smap_lets = !user_address || !smap_on || access.past_smap;
        switch (access.kind) {
            case Access::Kind::read: return smap_lets;
            case Access::Kind::write: return smap_lets && (read_write || !protects);
            case Access::Kind::fetch: return !(user_address && smep_on) && !execute_disable;
        }
        return false;
    }

    void mark() {
        for (const Entry& entry : way) {
            if (!entry.grants) continue;
            const Width width = entry.bytes == 4 ? Width::four_bytes : Width::eight_bytes;
            std::uint64_t raw = *memory.peek(entry.place, width) | 0x20;
            if (&entry == &way.back() && access.kind == Access::Kind::write) raw |= 0x40;
            memory.put(entry.place, raw, width);
        }
    }
    std::expected<Place, Refusal> page(std::uint64_t frame_and_more, int low_bits) {
        if (!is_granted()) {
            faults(true, false);
            return std::unexpected(refusal);
        }
        mark();
        const std::uint64_t offset = part(linear, low_bits - 1, 0);
        return Place{(frame_and_more << low_bits) + offset, (std::uint64_t{1} << low_bits) - offset};
    }

    std::expected<Place, Refusal> two_levels() {
        if (!load((part(mode.cr3, 31, 12) << 12) + part(linear, 31, 22) * 4, 4)) return std::unexpected(refusal);
        if (bit(mode.cr4, 4) && bit(now(), 7)) {   // table 4-4
            const int width = std::min<int>(mode.physical_bits, 40);
            if (any(now(), 21, width - 19)) return faults(true, true), std::unexpected(refusal);
            return page(part(now(), 20, 13) * 1024 + part(now(), 31, 22), 22);
        }
        if (!load((part(now(), 31, 12) << 12) + part(linear, 21, 12) * 4, 4)) return std::unexpected(refusal);
        return page(part(now(), 31, 12), 12);
    }

    bool is_bad(int high_reserved, int low_reserved) const {
        return any(now(), high_reserved, low_reserved) || (!nxe() && bit(now(), 63));
    }

    std::expected<Place, Refusal> three_levels() {
        const int width = mode.physical_bits;
        const auto reserved = [&] { return faults(true, true), std::unexpected(refusal); };
        if (!load((part(mode.cr3, 31, 5) << 5) + part(linear, 31, 30) * 8, 8, false)) return std::unexpected(refusal);
        if (any(now(), 2, 1) || any(now(), 8, 5) || any(now(), 63, width)) return reserved();   // table 4-8
        if (!load((part(now(), 51, 12) << 12) + part(linear, 29, 21) * 8, 8)) return std::unexpected(refusal);
        if (is_bad(62, width)) return reserved();
        if (bit(now(), 7)) {   // table 4-9
            if (any(now(), 20, 13)) return reserved();
            return page(part(now(), 51, 21), 21);
        }
        if (!load((part(now(), 51, 12) << 12) + part(linear, 20, 12) * 8, 8)) return std::unexpected(refusal);
        if (is_bad(62, width)) return reserved();
        return page(part(now(), 51, 12), 12);
    }

    std::expected<Place, Refusal> four_levels() {
        const int width = mode.physical_bits;
        const auto reserved = [&] { return faults(true, true), std::unexpected(refusal); };
        for (int number = 48; number < 64; ++number)
            if (bit(linear, number) != bit(linear, 47)) return refused(Why::not_canonical);
        if (!load((part(mode.cr3, 51, 12) << 12) + part(linear, 47, 39) * 8, 8)) return std::unexpected(refusal);
        if (is_bad(51, width) || bit(now(), 7)) return reserved();   // table 4-15
        if (!load((part(now(), 51, 12) << 12) + part(linear, 38, 30) * 8, 8)) return std::unexpected(refusal);
        if (is_bad(51, width)) return reserved();
        if (bit(now(), 7)) {   // table 4-16
            if (!mode.gigabyte_pages || any(now(), 29, 13)) return reserved();
            return page(part(now(), 51, 30), 30);
        }
        if (!load((part(now(), 51, 12) << 12) + part(linear, 29, 21) * 8, 8)) return std::unexpected(refusal);
        if (is_bad(51, width)) return reserved();
        if (bit(now(), 7)) {   // table 4-18
            if (any(now(), 20, 13)) return reserved();
            return page(part(now(), 51, 21), 21);
        }
        if (!load((part(now(), 51, 12) << 12) + part(linear, 20, 12) * 8, 8)) return std::unexpected(refusal);
        if (is_bad(51, width)) return reserved();
        return page(part(now(), 51, 12), 12);
    }
};

}   // namespace

std::expected<Place, Refusal> walk(const Mode& mode, std::uint64_t linear, Access access, Memory& memory) {
    Walker walker{mode, linear, access, memory, {}, {}};
    if (!bit(mode.cr0, 31)) return Place{part(linear, 31, 0), 0x1'0000'0000 - part(linear, 31, 0)};
    if (bit(mode.efer, 10)) return bit(mode.cr4, 12) ? refused(Why::five_levels) : walker.four_levels();
    return bit(mode.cr4, 5) ? walker.three_levels() : walker.two_levels();
}

}   // namespace basalt::linear::reference
