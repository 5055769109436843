// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=1 --monitor-first 'mce 0 2 0x9400000000000153 0 0xabc000 0' \
// RUN:   --monitor 'in a bank that nobody has to act on, please' 'mce 0 3 0xbd00000000000000 5 0xabcd000 0x8c' \
// RUN:   --monitor 'in what the twin uses, please' 'mce 1 4 0xbd80000000000134 5 0x1234000 0x8c' | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Machine checks of QEMU's monitor: what the banks say is told, and who cannot go on ends alone.
#include "kit/case.hpp"
#include "kit/other_domain.hpp"
#include "kit/twin.hpp"

#include <algorithm>

namespace kit {
namespace {

constexpr std::string_view own = "the words are Basalt's own";

std::string_view log_so_far() {
    static std::array<char, 16384> text;
    xen_sysctl_t request{};
    request.u.readconsole.count = text.size();
    set_xen_guest_handle(request.u.readconsole.buffer, text.data());
    expect_equal(sysctl(XEN_SYSCTL_readconsole, request), 0);
    return {text.data(), request.u.readconsole.count};
}

std::size_t times_told(std::string_view words) {
    const auto log = log_so_far();
    std::size_t times = 0;
    for (auto at = log.find(words); at != log.npos; at = log.find(words, at + 1)) ++times;
    return times;
}

void keep_to(unsigned domain, std::uint8_t cpu_bits) {
    xen_domctl_t request{};
    request.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    request.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    set_xen_guest_handle(request.u.vcpuaffinity.cpumap_hard.bitmap, &cpu_bits);
    expect_equal(domctl(XEN_DOMCTL_setvcpuaffinity, domain, request), 0);
}

volatile std::uint64_t twin_runs;

[[noreturn]] void run_for_ever() {
    twin_runs = 1;
    for (;;) __builtin_ia32_pause();
}

constexpr auto table = std::to_array<Case>({
    {"sysctl.readconsole", "tells of an error that a bank had at the start", [] {
        if (on_stock_xen()) return skip(own);
        expect_equal(times_told("machine check before the start: bank 2, status 9400000000000153, address abc000, misc 0: corrected"), 1);
    }},
    {"sysctl.readconsole", "tells what a bank says of a machine check, bank by bank, and once", [] {
        if (on_stock_xen()) return skip(own);
        for (unsigned round = 1; round <= 2; ++round) {
            print("an error in a bank that nobody has to act on, please");
            // A bank that was not cleared would say that an error was lost.
            while (times_told("bank 3, status bd00000000000000, address abcd000, misc 8c: uncorrected") < round) {}
        }
        expect_equal(times_told("CPU 0: machine check: bank 3,"), 2);
    }},
    {"sysctl.readconsole", "a machine check in what a guest uses ends that guest, and nobody else", [] {
        if (on_stock_xen()) return skip("stock Xen stands still after such an error of one CPU alone, as QEMU 7.2 makes it");
        keep_to(0, 1);
        Twin twin(run_for_ever);
        expect_equal(twin.trouble, 0);
        keep_to(twin.id, 2);
        expect_equal(twin.start(), 0);
        while (twin.read(twin_runs) == 0) {}
        print("an error in what the twin uses, please");
        expect_equal(twin.ended(), SHUTDOWN_crash);
        expect_equal(times_told("CPU 1: machine check: bank 4, status bd80000000000134,"), 1);
        expect_equal(twin.destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
