// A hardware-assisted domain of two vcpus that does what random numbers say, until it has done its share: slots of 64 bytes,
// each with an act of its own, which both vcpus run through again and again, in long mode, compatibility mode or real mode.
// Whatever exception there is leads on to the next slot.
#pragma once

#include "hardware_domain.hpp"
#include "random.hpp"

namespace kit {

// Of the places in its memory, by its own addresses.
namespace hostile {
constexpr std::uint32_t count = 0x2000, structures = 0x3000, top_table = 0x4000, first_gigabyte = 0x6000,
                        last_gigabyte = 0x7000, small_pages = 0x8000, slots = 0xc000;
constexpr std::uint32_t window = 0x40'0000;   // what its small pages map
constexpr unsigned slot_bytes = 64, slot_count = 256;
constexpr std::uint32_t apic = 0xfee0'0000;
}

class HostileDomain : public HardwareDomain {
public:
    // `share`: how often its slots are run before it ends. `daring`: it does what ends a guest as well.
    HostileDomain(Random& random, std::uint32_t share, bool daring);

    std::uint32_t done() const { return static_cast<std::uint32_t>(read_word(data, 0)); }

private:
    void lay_out_tables();
    void lay_out_gates();
    void lay_out_structures(Random& random);
    void lay_out_slots(Random& random, std::uint32_t share, bool daring);
    void lay_out(std::uint64_t frame, const Page& page) { write_page(frame, std::as_bytes(std::span(&page, 1))); }
};

}
