// RUN: %boot-guest --device ioh3420,addr=4,chassis=1 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Configuration space by its window in memory: Dom0 reads and writes it, but not what the hypervisor has programmed. q35's
// is at 0xb0000000; the port has registers that the older way does not reach, and an MSI with a mask bit.
#include "kit/case.hpp"
#include "kit/other_domain.hpp"
#include "kit/paging.hpp"
#include "kit/pci.hpp"
#include "kit/ports.hpp"

namespace kit {
namespace {

constexpr std::uint64_t window_frame = 0xb0000;
constexpr std::uint8_t port = 4 << 3;
constexpr unsigned line_size = 0x0c, interrupt_line = 0x3c, capabilities = 0x34, error_severity = 0x10c;

// The registers of a function, writable as far as that goes.
Page& registers_of(std::uint8_t devfn) {
    Page& window = fresh_page();
    expect_equal(update_va_mapping(&window, entry(window_frame + devfn, kernel_page | cache_disable), UVMF_INVLPG), 0);
    return window;
}
template <class Value>
volatile Value& at(Page& registers, unsigned offset) {
    return *reinterpret_cast<volatile Value*>(registers.address() + offset);
}

unsigned msi_of(std::uint8_t devfn) {
    unsigned found = config(devfn, capabilities) & 0xff;
    while (found != 0 && (config(devfn, found) & 0xff) != 5) found = config(devfn, found) >> 8 & 0xff;
    return found;
}

constexpr auto table = std::to_array<Case>({
    {"mmu_update", "a writable mapping of configuration space is read-only, and shows it", [] {
        expect_equal(set_iopl(1), 0);
        Page& registers = registers_of(disks);
        expect_equal(slot_of(&registers).value() & writable, 0);
        expect_equal(at<std::uint32_t>(registers, 0), config(disks, 0));
        expect_equal(at<std::uint8_t>(registers, 3), config(disks, 0) >> 24);
    }},
    {"mmu_update", "and so it is over a read-only mapping, in DOMID_IO's name, and by a table that is pinned", [] {
        constexpr std::uint64_t wanted = kernel_page | cache_disable;
        Page& registers = fresh_page();
        expect_equal(update_va_mapping(&registers, entry(window_frame + disks, read_only_page | cache_disable), UVMF_INVLPG), 0);
        expect_equal(update_va_mapping(&registers, entry(window_frame + disks, wanted), UVMF_INVLPG), 0);
        expect_equal(slot_of(&registers).value() & writable, 0);
        expect_equal(map_foreign(registers, DOMID_IO, window_frame + port, wanted), 0);
        expect_equal(slot_of(&registers).value() & writable, 0);
        Page& level1 = fresh_page();
        level1.words[0] = entry(window_frame + disks, wanted);
        make_read_only(level1);
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, level1.mfn()), 0);
        expect_equal(level1.words[0] & (present | writable), present);
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, level1.mfn()), 0);
    }},
    {"mmu_update", "what Dom0 writes to configuration space arrives: bytes, words, double words", [] {
        Page& registers = registers_of(disks);
        const std::uint32_t before = config(disks, interrupt_line), size = config(disks, line_size);
        at<std::uint8_t>(registers, interrupt_line) = 0x5a;
        expect_equal(config(disks, interrupt_line) & 0xff, 0x5a);
        at<std::uint16_t>(registers, interrupt_line) = static_cast<std::uint16_t>(before);
        expect_equal(config(disks, interrupt_line), before);
        at<std::uint32_t>(registers, line_size) = size | 0x10;
        expect_equal(config(disks, line_size) & 0xff, (size | 0x10) & 0xff);
        at<std::uint32_t>(registers, line_size) = size;
        if (on_stock_xen()) return;      // it carries out plain stores alone
        at<std::uint8_t>(registers, interrupt_line) |= 0x80;
        expect_equal(config(disks, interrupt_line) & 0xff, (before | 0x80) & 0xff);
        at<std::uint8_t>(registers, interrupt_line) = static_cast<std::uint8_t>(before);
    }},
    {"mmu_update", "and beyond the 256 bytes that ports reach", [] {
        Page& registers = registers_of(port);
        expect_equal(at<std::uint16_t>(registers, 0x100), 1);        // error reporting
        const std::uint32_t before = at<std::uint32_t>(registers, error_severity);
        at<std::uint32_t>(registers, error_severity) = before ^ 0x10;
        expect_equal(at<std::uint32_t>(registers, error_severity), before ^ 0x10);
        at<std::uint32_t>(registers, error_severity) = before;
        expect_equal(at<std::uint32_t>(registers, error_severity), before);
    }},
    {"physdev_op.map_pirq", "the message of a mapped MSI stays as it is, whatever Dom0 writes to the window", [] {
        expect_equal(add(port), 0);
        Page& registers = registers_of(port);
        const unsigned msi = msi_of(port);
        if (!expect(msi != 0)) return;
        const Mapped mapped = map_message(MAP_PIRQ_TYPE_MSI, port);
        expect_equal(mapped.status, 0);
        const unsigned bound = port_of(bind_pirq(static_cast<unsigned>(mapped.pirq)));
        const std::uint32_t address = config(port, msi + 4), data = config(port, msi + 8);
        expect_equal(address >> 20, 0xfee);
        at<std::uint32_t>(registers, msi + 4) = 0xfee00000 | 0xff << 12;
        at<std::uint16_t>(registers, msi + 4) = 0x1234;
        at<std::uint16_t>(registers, msi + 6) = 0;
        at<std::uint16_t>(registers, msi + 8) = 0x4321;
        at<std::uint8_t>(registers, msi + 8) = 0x30;
        expect_equal(config(port, msi + 4), address);
        expect_equal(config(port, msi + 8), data);
        expect_equal(close(bound), 0);
        expect_equal(unmap(mapped.pirq), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
