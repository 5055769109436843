// RUN: %boot-guest --options hvm=yes --cpus 2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What a hardware-assisted guest's kernel hears from its local APIC. The kernels are in kit/interrupted_kernels.S.
#include "kit/case.hpp"
#include "kit/hardware_domain.hpp"

#include <cstring>

namespace kit {
namespace {

#define KERNEL(name)                                         \
    extern "C" const std::byte name##_start[], name##_end[]; \
    std::span<const std::byte> name() { return {name##_start, name##_end}; }

KERNEL(sends_itself)
KERNEL(waits_for_priority)
KERNEL(waits_for_timer)
KERNEL(counts_ticks)
KERNEL(extends_itself)
KERNEL(interrupts_itself)
KERNEL(starts_another)
KERNEL(has_no_stack)
extern "C" const std::byte has_no_stack_stores[];

// Where its first vcpu was left.
std::uint64_t instruction_of(const HardwareDomain& domain) {
    static std::byte room[8192];
    std::size_t size = 0;
    expect_equal(get_records(domain.id, room, size), 0);
    const auto found = find_record(std::span(room).first(size), HVM_SAVE_CODE(CPU));
    hvm_hw_cpu cpu{};
    if (expect_equal(found.size(), sizeof(cpu))) memcpy(static_cast<void*>(&cpu), found.data(), sizeof(cpu));
    return cpu.rip;
}

void expect_powered_off(const HardwareDomain& domain) {
    expect_equal(domain.trouble, 0);
    expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
}

constexpr auto table = std::to_array<Case>({
    {in_words("local APICs"), "interrupt their vcpu when it lets them", [] {
        const HardwareDomain domain(sends_itself());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0u);            // id
        expect_equal(domain.word(1), 0x50014u);      // version
        expect_equal(domain.word(2), 1u);            // requested
        expect_equal(domain.word(4), 0u);            // not come
        expect_equal(domain.word(3), 1u);            // come
        expect_equal(domain.word(5), 0u);            // ended
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "keep what is not above the task priority", [] {
        const HardwareDomain domain(waits_for_priority());
        expect_powered_off(domain);
        expect_equal(domain.word(1), 0u);
        expect_equal(domain.word(0), 1u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "have a timer that ends a halt", [] {
        const HardwareDomain domain(waits_for_timer());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 1u);
        expect_equal(domain.word(1), 0u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "have a timer that ticks", [] {
        const HardwareDomain domain(counts_ticks());
        expect_powered_off(domain);
        expect(domain.word(0) >= 4);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "are x2APICs for who wants them", [] {
        const HardwareDomain domain(extends_itself());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 0xfee00900u);
        expect_equal(domain.word(1), 0u);
        expect_equal(domain.word(2), 1u);
        expect_equal(domain.word(3), 1u);
        expect_equal(domain.word(4), 0xffffffffu);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "send NMIs, one at a time", [] {
        const HardwareDomain domain(interrupts_itself());
        expect_powered_off(domain);
        expect_equal(domain.word(2), 1u);
        expect_equal(domain.word(1), 2u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "end a guest whose stack is nowhere, where it was interrupted", [] {
        const HardwareDomain domain(has_no_stack());
        expect_equal(domain.trouble, 0);
        const unsigned end = domain.run();
        if (on_stock_xen()) {
            expect_equal(domain.destroy(), 0);
            return skip("Basalt's own promise: stock Xen carries out some instruction as if that had touched the stack");
        }
        expect_equal(end, unsigned{SHUTDOWN_crash});
        expect_equal(instruction_of(domain), HardwareDomain::code * page_size + static_cast<std::uint64_t>(has_no_stack_stores - has_no_stack_start));
        expect_equal(domain.word(0), 0u);
        expect_equal(domain.word(1), 0u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "start another vcpu in real mode, and hear from it", [] {
        const HardwareDomain domain(starts_another(), 0, HardwareDomain::Mode::bits_32, 2);
        expect_equal(domain.trouble, 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_reboot});
        expect_equal(domain.word(0), 0x600u);
        expect_equal(domain.word(1), 0x10u);
        expect_equal(domain.word(2), 1u);
        expect_equal(domain.word(3), 0x02000000u);
        expect_equal(domain.destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
