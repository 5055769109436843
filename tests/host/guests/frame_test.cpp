#include "guests/pv/entry_frame.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "core/number.hpp"
#include "guests/pv/hypercall_page.hpp"

namespace basalt::pv {
namespace {

Registers interrupted() {
    Registers registers{};
    registers.rcx = 1;
    registers.r11 = 2;
    registers.rip = 3;
    registers.cs = 0xe033;
    registers.rflags = 0x3246;
    registers.rsp = 5;
    registers.ss = 0xe02b;
    return registers;
}

TEST(entry_frame, of_a_kernel_shows_ring_0_and_the_event_mask) {
    const auto frame = entry_frame(interrupted(), {.in_kernel = true, .upcalls_masked = true, .shown_iopl = 0}, Nothing{});
    EXPECT_EQ(frame, (EntryFrame<0>{1, 2, 3, 0x1'0000'e030, 0x046, 5, 0xe02b}));
}

TEST(entry_frame, of_user_mode_with_an_error_code) {
    const auto frame =
        entry_frame(interrupted(), {.in_kernel = false, .upcalls_masked = false, .shown_iopl = 1}, ErrorCode{14});
    EXPECT_EQ(frame, (EntryFrame<1>{1, 2, 14, 3, 0xe033, 0x1246, 5, 0xe02b}));
}

TEST(entry_frame, of_a_failed_return_names_the_selectors_below_rip) {
    const auto frame = entry_frame(interrupted(), {true, false, 0}, DataSelectors{10, 11, 12, 13});
    EXPECT_EQ(frame, (EntryFrame<4>{1, 2, 10, 11, 12, 13, 3, 0xe030, 0x246, 5, 0xe02b}));
}

TEST(flags, a_guest_cannot_choose_its_privilege) {
    for (unsigned bit = 0; bit < 64; ++bit) {
        const std::uint64_t flags = real_flags(std::uint64_t{1} << bit);
        EXPECT_EQ(flags & (rflags::iopl | rflags::virtual_8086 | rflags::virtual_interrupts), 0u);
        EXPECT_NE(flags & rflags::interrupts, 0u);
    }
    EXPECT_NE(real_flags(rflags::trap) & rflags::trap, 0u);
}

TEST(flags, a_handler_starts_without_trap_and_nesting) {
    EXPECT_EQ(handler_flags(0x3ff'ffff) & (rflags::trap | rflags::nested_task | rflags::resume), 0u);
    EXPECT_NE(handler_flags(rflags::interrupts) & rflags::interrupts, 0u);
}

// The public header gives a hypercall 32 bytes of the page; struct iret_context says what iret's pushes.
TEST(hypercall_page, calls_and_iret) {
    std::array<std::byte, page_size> page;
    write_hypercall_page(page.data());
    std::uint32_t number;
    std::memcpy(&number, page.data() + 17 * 32 + 4, sizeof(number));
    EXPECT_EQ(number, 17u);
    EXPECT_EQ(page[17 * 32 + 13], std::byte{0xc3});
    const std::array<std::uint8_t, 11> iret{0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0, 0x0f, 0x05};
    EXPECT_EQ(std::memcmp(page.data() + 23 * 32, iret.data(), iret.size()), 0);
}

}  // namespace
}  // namespace basalt::pv
