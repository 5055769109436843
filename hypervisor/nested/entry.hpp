// An entry of a nested table, which leads from a guest's frame to the machine's: in AMD's format (APM 2, 15.25.5: that of the
// host's own tables) or in Intel's (SDM 3C 28.3.2, EPT). Both have the frame in bits 12 to 51, and bits 0 and 1 say that it may
// be read and written.
#pragma once

#include <cstdint>

#include "core/number.hpp"
#include "formats/page_entry.hpp"

namespace basalt::nested {

enum class Format : std::uint8_t { amd, intel };

// Reading goes without saying. On Intel's only tables say so to the processor, and pages as well.
enum class Access : std::uint8_t { read, write };

class Entry {
public:
    constexpr Entry() = default;
    constexpr explicit Entry(std::uint64_t raw) : raw_(raw) {}

    // The processor's marks are set from the start, so that it never writes an entry, and none is changed behind whoever
    // exchanges it. Guests execute whatever they may read, and say themselves how it is cached: it is ordinary memory.
    static constexpr Entry of_page(Format format, Mfn mfn, Access access) {
        const std::uint64_t writable = access == Access::write ? page_bit::writable : 0;
        return Entry(physical_of(mfn) | writable | (format == Format::amd ? amd_flags : intel_flags | intel_write_back));
    }
    static constexpr Entry of_table(Format format, Mfn mfn) {
        return Entry(physical_of(mfn) | page_bit::writable | (format == Format::amd ? amd_flags : intel_flags));
    }

    constexpr std::uint64_t raw() const { return raw_; }
    constexpr bool present() const { return (raw_ & page_bit::present) != 0; }
    constexpr bool writable() const { return (raw_ & page_bit::writable) != 0; }
    constexpr Mfn mfn() const { return mfn_of(raw_ & page_bit::frame); }
    friend constexpr bool operator==(Entry, Entry) = default;

private:
    // To the nested walk every access is a user's.
    static constexpr std::uint64_t amd_flags = page_bit::present | page_bit::user | page_bit::accessed | page_bit::dirty;
    static constexpr std::uint64_t intel_flags = 1 << 0 | 1 << 2;   // read, execute
    static constexpr std::uint64_t intel_write_back = 6 << 3;   // the memory type; the guest's PAT still counts
    std::uint64_t raw_ = 0;
};
static_assert(Entry::of_page(Format::intel, Mfn(1), Access::read).raw() == 0x1035);
static_assert(Entry::of_table(Format::amd, Mfn(1)).raw() == 0x1067);

}   // namespace basalt::nested
