// Another domain whose kernel is in ring 0 of a machine of its own (PVH): some frames from its address 0 on, one vcpu, a few
// instructions to run: of 32 bits without paging, or of 64 with one large page at 0 and at 2 MiB.
#pragma once

#include "other_domain.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" {
#include <xen/hvm/save.h>
}

namespace kit {

struct HardwareDomain : OtherDomain {
    static constexpr unsigned pages = 16;
    static constexpr std::uint64_t code = 1, data = 2, tables = 4;    // its frames, by its own numbers; two of data
    enum class Mode { bits_32, bits_64, bits_32_with_tables };   // of which the kernel makes use itself

    // Everything up to the first unpause. EBX is `argument`.
    explicit HardwareDomain(std::span<const std::byte> instructions, std::uint32_t argument = 0, Mode mode = Mode::bits_32,
                            unsigned vcpus = 1);

    std::uint32_t word(unsigned index) const {
        const std::uint64_t both = read_word(data, index / 2);
        return static_cast<std::uint32_t>(index % 2 != 0 ? both >> 32 : both);
    }
    // Runs, and ends: why.
    unsigned run() const {
        start();
        return ended();
    }

private:
    void furnish(unsigned vcpus);
    void link_tables();
    void start_at(std::uint32_t address, std::uint32_t argument, Mode mode);
};

std::int64_t set_records(unsigned domain, std::span<std::byte> records);
// `size`: how many bytes there are, or would have to be where there is no room.
std::int64_t get_records(unsigned domain, std::span<std::byte> room, std::size_t& size);
// The body of the first record of this type; empty: there is none.
std::span<std::byte> find_record(std::span<std::byte> records, std::uint16_t type);

// HEADER, one record of vcpu 0 or the domain, END.
std::size_t write_records(std::span<std::byte> room, std::uint16_t type, std::span<const std::byte> body);
hvm_hw_cpu flat_32(std::uint32_t address, std::uint32_t argument);

// HEADER, CPU, END, as libxc builds such a guest: of 32 bits, at the code. How long they are.
template <typename Change>
std::size_t cpu_records(std::span<std::byte> room, Change change) {
    hvm_hw_cpu cpu = flat_32(HardwareDomain::code * page_size, 0);
    change(cpu);
    return write_records(room, HVM_SAVE_CODE(CPU), std::as_bytes(std::span(&cpu, 1)));
}
std::int64_t set_paging_memory(unsigned domain, std::uint64_t bytes);

}
