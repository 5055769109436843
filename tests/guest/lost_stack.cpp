// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A kernel whose stack cannot take the frame of an entry from user mode, or does not hold the frame of an iret: its domain
// crashes, wherever that stack is, and nothing is written or read there. By the short ways of Basalt and by C++.
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/twin.hpp"
#include "kit/user.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

asm(R"(
        .section .user, "ax"
user_syscall:   syscall
user_touch:     cmpb %al, 0x1000
user_ud2:       ud2
        .previous
)");
extern "C" std::byte user_syscall[], user_touch[], user_ud2[];

namespace kit {
namespace {

constexpr std::uint64_t nowhere_mapped = 0x7000'0000'0000;

enum class Stack { good, at, half_there, read_only, in_machine_to_phys, rootless };

// What the twin does. It is copied with all of this.
struct Deed {
    Stack stack = Stack::good;
    std::uint64_t at = 0;
    const std::byte* code = user_ud2;   // of user mode, to come back from
    bool by_long_way = false;           // with flags that may show the IOPL, which C++ sees to
};
Deed deed;

[[noreturn]] void end() {
    sched_shutdown_t request{SHUTDOWN_suspend};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(request);
}

void prepare() {
    start_traps();
    if (deed.by_long_way) call<rows::vm_assist, VMASST_CMD_enable>(VMASST_TYPE_architectural_iopl);
}

// Two pages, of which the upper or the lower one is there.
std::uint64_t edge(bool upper_is_there) {
    const auto pages = fresh_pages(2);
    update_va_mapping(pages[upper_is_there ? 0 : 1].address(), 0, UVMF_INVLPG);
    return pages[1].address();
}

[[noreturn]] void enter_from_user() {
    prepare();
    if (deed.stack == Stack::half_there) deed.at = edge(true) + 32;
    if (deed.stack == Stack::read_only) {
        Page& page = fresh_page();
        make_read_only(page);
        deed.at = page.address() + page_size;
    }
    if (deed.stack != Stack::good) stack_switch(FLAT_KERNEL_SS, deed.at);
    run_user(user_frame(deed.code));
    end();
}

iret_context frame_of_user() {
    iret_context frame{};
    frame.rip = in_user(user_ud2), frame.cs = user_cs, frame.rflags = 0x202, frame.rsp = user_stack_top, frame.ss = user_ss;
    return frame;
}

void put_frame_at(std::uint64_t address, std::size_t bytes = sizeof(iret_context)) {
    const iret_context frame = frame_of_user();
    std::memcpy(reinterpret_cast<void*>(address), &frame, bytes);
}

// Kernels may read that table, and write what their own frames stand for: words of a frame, where nine lie in a row.
std::uint64_t frame_in_machine_to_phys() {
    const auto words = std::bit_cast<std::array<std::uint64_t, 9>>(frame_of_user());
    const auto pages = fresh_pages(64);
    const auto is_ours = [&](std::uint64_t mfn) {
        return std::ranges::any_of(pages, [=](const Page& page) { return page.mfn() == mfn; });
    };
    for (const Page& page : pages) {
        const std::uint64_t first = page.mfn();
        std::size_t in_a_row = 0;
        while (in_a_row < words.size() && is_ours(first + in_a_row)) ++in_a_row;
        if (in_a_row < words.size()) continue;
        for (std::size_t i = 0; i < words.size(); ++i) mmu_update((first + i) * page_size | MMU_MACHPHYS_UPDATE, words[i]);
        const std::uint64_t place = HYPERVISOR_VIRT_START + first * 8;
        return std::ranges::equal(words, std::span(reinterpret_cast<const std::uint64_t*>(place), words.size())) ? place : 0;
    }
    return 0;   // found out by its not crashing
}

[[noreturn]] void return_from_there() {
    prepare();
    if (deed.stack == Stack::good) {
        run_user(user_frame(deed.code));
        end();
    }
    if (deed.stack == Stack::half_there) {
        deed.at = edge(false) - 64;
        put_frame_at(deed.at, 64);
    }
    if (deed.stack == Stack::in_machine_to_phys) {
        deed.at = frame_in_machine_to_phys();
        if (deed.at == 0) end();
    }
    if (deed.stack == Stack::rootless) {
        deed.at = fresh_page().address();
        put_frame_at(deed.at);
    } else {
        user_root_mfn();
    }
    set_hook(6, [](Frame&) -> bool { end(); });     // user mode was come to all the same
    asm volatile("mov %0, %%rsp; syscall; ud2" :: "r"(deed.at), "a"(__HYPERVISOR_iret) : "memory");
    end();
}

unsigned end_of(void (*body)(), Deed what) {
    unsigned reason[2];
    for (const bool by_long_way : {false, true}) {
        deed = what;
        deed.by_long_way = by_long_way;
        Twin twin(body);
        expect_equal(twin.trouble, 0);
        expect_equal(twin.start(), 0);
        reason[by_long_way] = twin.ended();
        expect_equal(twin.destroy(), 0);
    }
    expect_equal(reason[0], reason[1]);
    return reason[0];
}

void expect_crash(Deed deed, Location where = Location::current()) {
    for (const std::byte* code : {user_syscall, user_touch}) {
        deed.code = code;
        expect_equal(end_of(enter_from_user, deed), SHUTDOWN_crash, where);
    }
}
void expect_crash_at(std::uint64_t stack, Location where = Location::current()) { expect_crash({.stack = Stack::at, .at = stack}, where); }

void expect_crash_of_return(Deed deed, Location where = Location::current()) {
    expect_equal(end_of(return_from_there, deed), SHUTDOWN_crash, where);
}
void expect_crash_of_return_at(std::uint64_t stack, Location where = Location::current()) {
    expect_crash_of_return({.stack = Stack::at, .at = stack}, where);
}

// Where both hypervisors have all of RAM, and their image.
constexpr std::uint64_t direct_map = 0xffff'8300'0000'0000, in_image = 0xffff'82d0'4020'0000;

constexpr auto table = std::to_array<Case>({
    {"stack_switch", "a stack that can be written takes what comes of user mode", [] {
        for (const std::byte* code : {user_syscall, user_touch}) expect_equal(end_of(enter_from_user, {.code = code}), SHUTDOWN_suspend);
    }},
    {"stack_switch", "a stack where nothing is crashes its domain", [] { expect_crash_at(nowhere_mapped); }},
    {"stack_switch", "a stack that ends in a page that is not there crashes its domain", [] { expect_crash({.stack = Stack::half_there}); }},
    {"stack_switch", "a stack that is read-only crashes its domain", [] { expect_crash({.stack = Stack::read_only}); }},
    {"stack_switch", "a stack in or at the edges of the hypervisor's slots crashes its domain", [] {
        for (const std::uint64_t stack : {HYPERVISOR_VIRT_START + 16, HYPERVISOR_VIRT_START + page_size, HYPERVISOR_VIRT_END - page_size,
                                          HYPERVISOR_VIRT_END, HYPERVISOR_VIRT_END + 16, in_image})
            expect_crash_at(stack);
        const Page& page = fresh_page();    // as the hypervisor sees it
        expect_crash_at(direct_map + (page.mfn() + 1) * page_size);
        for (const std::uint64_t word : page.words) expect_equal(word, 0);
    }},
    {"stack_switch", "a stack at either end of all addresses, or at none, crashes its domain", [] {
        for (const std::uint64_t stack : {15ul, 16ul, 0x30ul, 0x40ul, 0x8000'0000'0000ul, 0x8000'0000'0010ul, 0x9000'0000'0000ul})
            expect_crash_at(stack);
    }},
    {"iret", "a frame on a stack that can be read is gone back by", [] { expect_equal(end_of(return_from_there, {}), SHUTDOWN_suspend); }},
    {"iret", "a frame where nothing is crashes its domain", [] { expect_crash_of_return_at(nowhere_mapped); }},
    {"iret", "a frame whose last word is not there crashes its domain", [] { expect_crash_of_return({.stack = Stack::half_there}); }},
    {"iret", "a frame of user mode, for which there are no tables, crashes its domain", [] {
        expect_crash_of_return({.stack = Stack::rootless});
    }},
    {"iret", "a frame in the hypervisor's slots that its kernel may read crashes its domain", [] {
        expect_crash_of_return({.stack = Stack::in_machine_to_phys});
    }},
    {"iret", "a frame in or at the edges of the hypervisor's slots crashes its domain", [] {
        for (const std::uint64_t stack : {HYPERVISOR_VIRT_START - 8, HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_END - page_size,
                                          HYPERVISOR_VIRT_END - 72, HYPERVISOR_VIRT_END - 8, in_image})
            expect_crash_of_return_at(stack);
        Page& page = fresh_page();
        put_frame_at(page.address());
        expect_crash_of_return_at(direct_map + page.mfn() * page_size);
    }},
    {"iret", "a frame at either end of all addresses, or at none, crashes its domain", [] {
        for (const std::uint64_t stack : {8ul, ~71ul, ~70ul, ~7ul, 0x7fff'ffff'fff8ul, 0x8000'0000'0000ul, 0x9000'0000'0000ul})
            expect_crash_of_return_at(stack);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
