// Another domain of seven frames, one vcpu, a few instructions to run. Its creator writes its memory through foreign
// mappings, and pins its page tables for it.
#pragma once

#include "other_domain.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace kit {

// Its address space: code at image_base, data one page behind.
constexpr std::uint64_t small_data = image_base + page_size;

// Instructions of one that never asks for anything: jmp to itself.
inline constexpr std::array endless_loop{std::byte{0xeb}, std::byte{0xfe}};

struct SmallDomain : OtherDomain {
    enum Frame { code, data, level1, level2, level3, level4, spare, count };

    std::array<xen_pfn_t, count> frames{};

    // Everything up to the first unpause. `instructions` may call the hypervisor by SYSCALL at once; vcpu 0 runs them.
    explicit SmallDomain(std::span<const std::byte> instructions, int mapping_frames = -1, unsigned vcpus = 1);

    std::uint64_t read(Frame frame, unsigned word) const { return read_word(frames[frame], word); }
    void write(Frame frame, unsigned word, std::uint64_t value) const { write_word(frames[frame], word, value); }

private:
    void link_tables();
    void prepare_vcpu();
};

// One that nobody has started, for one case after the other.
SmallDomain& idle_domain();

}
