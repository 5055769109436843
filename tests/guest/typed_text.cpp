// RUN: %boot-guest --answer "type now" "basalt" --answer "type more" "granite" | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What is typed on the machine's console reaches Dom0. Whoever boots this guest types when it asks for it.
#include "kit/case.hpp"

namespace kit {
namespace {

// Reads, a few characters at a time, until all of this is there.
void expect_typed(std::string_view wanted, std::uint64_t at_once) {
    std::array<char, 64> text{};
    std::size_t got = 0;
    while (got < wanted.size()) {
        const Status size = untyped::console_io(CONSOLEIO_read, at_once, text.data() + got);
        if (!expect(size >= 0 && static_cast<std::uint64_t>(size) <= at_once)) return;
        got += static_cast<std::size_t>(size);
    }
    expect(std::string_view(text.data(), got) == wanted);
}

constexpr auto table = std::to_array<Case>({
    {"console_io.read", "nothing typed is nothing read, wherever to", [] {
        expect_equal(untyped::console_io(CONSOLEIO_read, 0, nowhere), 0);
        expect_equal(untyped::console_io(CONSOLEIO_read, 16, nowhere), 0);
    }},
    {"console_io.read", "refuses a count that would look like an error", [] {
        for (const std::uint64_t count : {0x8000'0000ull, 0xffff'ffffull})
            expect_equal(untyped::console_io(CONSOLEIO_read, count, nowhere), -XEN_E2BIG);
        std::array<char, 16> text{};
        expect_equal(untyped::console_io(CONSOLEIO_read, 0x7fff'ffffull, text.data()), 0);
    }},
    {"console_io.read", "gives what was typed, as much as is asked for", [] {
        print("type now");
        expect_typed("basalt", 2);
        expect_equal(untyped::console_io(CONSOLEIO_read, 16, nowhere), 0);
    }},
    {"console_io.read", "what cannot be written to the buffer still waits", [] {
        print("type more");
        Status refused;
        while ((refused = untyped::console_io(CONSOLEIO_read, 16, nowhere)) == 0) {}
        expect_equal(refused, -XEN_EFAULT);
        expect_equal(untyped::console_io(CONSOLEIO_read, 1, HYPERVISOR_VIRT_START), -XEN_EFAULT);
        expect_typed("granite", 16);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
