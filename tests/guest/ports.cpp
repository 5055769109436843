// RUN: %boot-guest | FileCheck %s
// CHECK-NOT: WORD
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What Dom0's accesses to ports reach: each port of a wide one is looked at. (The console's own output is a case here: a
// word for port 0x3f7 whose second byte is for the UART.)
#include "kit/case.hpp"
#include "kit/port_io.hpp"

namespace kit {
namespace {

using Byte = std::uint8_t;
using Word16 = std::uint16_t;
using Word32 = std::uint32_t;

constexpr std::uint16_t before_console = 0x3f7, before_8259 = 0x1f, before_second_8259 = 0x9f, keyboard = 0x60, gate = 0x61,
                        pci_address = 0xcf8, pci_data = 0xcfc;

constexpr auto table = std::to_array<Case>({
    {"physdev_op.set_iopl", "a wide access reads none of the hypervisor's ports, whichever is its first", [] {
        expect_equal(set_iopl(1), 0);
        for (const std::uint16_t first : {before_console, before_8259, before_second_8259}) expect_equal(in<Word16>(first), 0xffff);
        for (const std::uint16_t first : {0x3f5, 0x3f6, 0x1d, 0x1e, 0x3d}) expect_equal(in<Word32>(first), 0xffffffff);
        std::array<Word16, 2> read{};
        void* to = read.data();
        unsigned long count = read.size();
        asm volatile("rep insw" : "+D"(to), "+c"(count) : "d"(before_console) : "memory");
        expect(read[0] == 0xffff && read[1] == 0xffff);
    }},
    {"physdev_op.set_iopl", "a wide access writes none of the hypervisor's ports", [] {
        for (const char letter : {'W', 'O', 'R', 'D', '\n'}) out<Word16>(before_console, static_cast<Word16>(letter << 8));
        for (const char letter : {'W', 'O', 'R', 'D', '\n'}) out<Word32>(before_console - 2, static_cast<Word32>(letter) << 24);
        constexpr auto letters = std::to_array<Word16>({'W' << 8, 'O' << 8, 'R' << 8, 'D' << 8, '\n' << 8});
        const void* from = letters.data();
        unsigned long count = letters.size();
        asm volatile("rep outsw" : "+S"(from), "+c"(count) : "d"(before_console) : "memory");
    }},
    {"physdev_op.set_iopl", "what is emulated is so in the middle of a wide access too", [] {
        out<Byte>(gate, 0);
        out<Word16>(keyboard, 1 << 8 | 0xff);
        expect_equal(in<Byte>(gate) & 3, 1);
        expect_equal(in<Word16>(keyboard) >> 8 & 3, 1);
        out<Byte>(gate, 0);
    }},
    {"physdev_op.set_iopl", "configuration space is read by the part of an access that is its own", [] {
        out<Word32>(pci_address, 1u << 31);          // the vendor and device of function 0
        const auto numbers = in<Word32>(pci_data);
        expect_equal(numbers & 0xffff, 0x8086);
        expect_equal(in<Word32>(pci_data - 2) >> 16, numbers & 0xffff);
        expect_equal(in<Word16>(pci_data - 1) >> 8, numbers & 0xff);
        expect_equal(in<Word16>(pci_data + 2), numbers >> 16);
        expect_equal(in<Byte>(pci_data + 3), numbers >> 24);
        expect_equal(in<Word32>(pci_address), 1u << 31);
    }},
    {"physdev_op.set_iopl", "the part of a write that is configuration space's is no wider than it is", [] {
        constexpr std::uint32_t disks_memory = 1u << 31 | 0x1f << 11 | 2 << 8 | 0x24;      // AHCI's, on a q35 board
        out<Word32>(pci_address, disks_memory);
        const auto place = in<Word32>(pci_data);
        expect(place >> 16 != 0 && place != ~0u);
        out<Word32>(pci_data - 2, (place & 0xffff) << 16);
        expect_equal(in<Word32>(pci_data), place);
        out<Word32>(pci_data, place);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
