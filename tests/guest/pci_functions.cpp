// RUN: %boot-guest --device virtio-rng-pci | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// PCI functions and their messages, as Dom0 announces and maps them. The machine has one function with MSI-X, the random
// numbers in the first free slot of q35's bus, and one with MSI, the disk controller. (The first case is about what holds
// before anything is announced.)
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/pci.hpp"

namespace kit {
namespace {

constexpr std::uint8_t random_numbers = 1 << 3, bridge = 31 << 3, absent = 9 << 3;
constexpr std::uint64_t some_address = 0x1000;      // only says that MSI-X is meant
constexpr unsigned entries = 2;                     // of the random numbers' MSI-X table

Status about(int command, std::uint8_t devfn, std::uint16_t segment = 0) {
    physdev_pci_device_t request{segment, 0, devfn};
    return untyped::physdev_op(command, &request);
}
Status manage(int command, std::uint8_t devfn) {
    physdev_manage_pci_t request{0, devfn};
    return untyped::physdev_op(command, &request);
}
Status restore(std::uint8_t devfn) {
    physdev_restore_msi_t request{0, devfn};
    return call<rows::physdev_op, PHYSDEVOP_restore_msi>(request);
}

constexpr unsigned second_bar = 0x14;                // where the random numbers' table is

// Whether a mapping of the page that begins there comes to be writable.
bool may_be_written(std::uint32_t bar) {
    Page& page = fresh_page();
    expect_equal(update_va_mapping(&page, entry(bar >> 12, kernel_page | cache_disable), UVMF_INVLPG), 0);
    return (slot_of(&page).value() & writable) != 0;
}

constexpr auto table = std::to_array<Case>({
    {"mmu_update", "an MSI-X table is read-only before its function is announced, wherever it is, and when that is withdrawn", [] {
        if (on_stock_xen()) return skip("stock Xen guards it once it has programmed a message");
        expect_equal(set_iopl(1), 0);
        const std::uint32_t address = config(random_numbers, second_bar), elsewhere = address + (1u << 20);
        expect(!may_be_written(address));
        expect(may_be_written(elsewhere));
        set_config(random_numbers, second_bar, elsewhere);
        expect(may_be_written(address));
        expect(!may_be_written(elsewhere));
        set_config(random_numbers, second_bar, address);
        expect_equal(add(random_numbers), 0);
        expect_equal(about(PHYSDEVOP_pci_device_remove, random_numbers), 0);
        expect_equal(about(PHYSDEVOP_pci_device_remove, random_numbers), -XEN_ENODEV);
        expect(!may_be_written(address));
    }},
    {"physdev_op.pci_device_add", "announces functions, more than once too", [] {
        for (const std::uint8_t devfn : {random_numbers, disks, bridge, bridge}) expect_equal(add(devfn), 0);
    }},
    {"physdev_op.pci_device_remove", "forgets what was announced, once", [] {
        expect_equal(about(PHYSDEVOP_pci_device_remove, bridge), 0);
        expect_equal(about(PHYSDEVOP_pci_device_remove, bridge), -XEN_ENODEV);
        expect_equal(about(PHYSDEVOP_pci_device_remove, absent), -XEN_ENODEV);
        expect_equal(about(PHYSDEVOP_pci_device_remove, disks, 1), -XEN_ENODEV);
    }},
    {"physdev_op.pci_device_add", "refuses a function that does not answer, and other segments", [] {
        if (on_stock_xen()) return skip("stock Xen keeps a record of it");
        expect_equal(add(absent), -XEN_ENODEV);
        expect_equal(add(disks, 1), -XEN_ENODEV);
        expect_equal(manage(PHYSDEVOP_manage_pci_add, absent), -XEN_ENODEV);
        physdev_manage_pci_ext_t request{};
        request.devfn = absent;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_manage_pci_add_ext>(request), -XEN_ENODEV);
    }},
    {"physdev_op.manage_pci_add", "is the older form, and so is manage_pci_remove", [] {
        expect_equal(manage(PHYSDEVOP_manage_pci_add, bridge), 0);
        expect_equal(manage(PHYSDEVOP_manage_pci_remove, bridge), 0);
        expect_equal(manage(PHYSDEVOP_manage_pci_remove, bridge), -XEN_ENODEV);
    }},
    {"physdev_op.manage_pci_add_ext", "takes claims of 0 and 1", [] {
        physdev_manage_pci_ext_t request{};
        request.devfn = bridge;
        for (const auto [extended, is_virtual, answer] :
             {std::array{0u, 0u, 0u}, {1u, 0u, 0u}, {0u, 1u, 0u}, {2u, 0u, 1u}, {0u, 2u, 1u}}) {
            request.is_extfn = extended;
            request.is_virtfn = is_virtual;
            expect_equal(call<rows::physdev_op, PHYSDEVOP_manage_pci_add_ext>(request), answer == 0 ? 0 : -XEN_EINVAL);
        }
        expect_equal(manage(PHYSDEVOP_manage_pci_remove, bridge), 0);
    }},
    {"physdev_op.restore_msi", "is taken for functions that were announced", [] {
        expect_equal(restore(disks), 0);
        expect_equal(about(PHYSDEVOP_restore_msi_ext, disks), 0);
        expect_equal(restore(absent), -XEN_ENODEV);
        expect_equal(about(PHYSDEVOP_restore_msi_ext, absent), -XEN_ENODEV);
        expect_equal(about(PHYSDEVOP_restore_msi_ext, disks, 1), -XEN_ENODEV);
    }},
    {"physdev_op.prepare_msix", "and release_msix take turns", [] {
        expect_equal(about(PHYSDEVOP_release_msix, random_numbers), -XEN_EBUSY);
        expect_equal(about(PHYSDEVOP_prepare_msix, random_numbers), 0);
        expect_equal(about(PHYSDEVOP_prepare_msix, random_numbers), -XEN_EBUSY);
        expect_equal(about(PHYSDEVOP_release_msix, random_numbers), 0);
        expect_equal(about(PHYSDEVOP_release_msix, random_numbers), -XEN_EBUSY);
    }},
    {"physdev_op.prepare_msix", "refuses functions without MSI-X", [] {
        if (on_stock_xen()) return skip("stock Xen 4.17 dies: it follows a null pointer in pci_prepare_msix");
        for (const std::uint8_t devfn : {disks, absent}) {
            expect_equal(about(PHYSDEVOP_prepare_msix, devfn), -XEN_ENODEV);
            expect_equal(about(PHYSDEVOP_release_msix, devfn), -XEN_ENODEV);
        }
    }},
    {"physdev_op.map_pirq", "makes an MSI-X entry a pirq, each entry of the table and none beyond", [] {
        const Mapped first = map_message(MAP_PIRQ_TYPE_MSI, random_numbers, 0, some_address);
        const Mapped last = map_message(MAP_PIRQ_TYPE_MSI_SEG, random_numbers, entries - 1, some_address);
        expect_equal(first.status, 0);
        expect_equal(last.status, 0);
        expect(first.pirq >= 16 && last.pirq >= 16 && first.pirq != last.pirq);
        for (const int beyond : {static_cast<int>(entries), 0x7ff, 0x800, -1})
            expect_equal(map_message(MAP_PIRQ_TYPE_MSI, random_numbers, beyond, some_address).status, -XEN_EINVAL);
        expect_equal(about(PHYSDEVOP_prepare_msix, random_numbers), -XEN_EBUSY);
        expect_equal(about(PHYSDEVOP_restore_msi_ext, random_numbers), 0);
        expect_equal(unmap(first.pirq), 0);
        expect_equal(unmap(first.pirq), -XEN_EINVAL);
        expect_equal(unmap(last.pirq), 0);
        expect_equal(about(PHYSDEVOP_prepare_msix, random_numbers), 0);
        expect_equal(about(PHYSDEVOP_release_msix, random_numbers), 0);
    }},
    {"physdev_op.map_pirq", "makes an MSI a pirq", [] {
        for (const int type : {MAP_PIRQ_TYPE_MSI, MAP_PIRQ_TYPE_MSI_SEG, MAP_PIRQ_TYPE_MULTI_MSI}) {
            const Mapped one = map_message(type, disks, 1);
            expect_equal(one.status, 0);
            expect(one.pirq >= 16);
            expect_equal(unmap(one.pirq), 0);
        }
    }},
    {"physdev_op.map_pirq", "refuses functions without such messages", [] {
        expect_equal(map_message(MAP_PIRQ_TYPE_MSI, bridge).status, -XEN_ENODEV);
        expect_equal(map_message(MAP_PIRQ_TYPE_MSI, random_numbers).status, -XEN_ENODEV);      // it has MSI-X alone
        expect_equal(map_message(MAP_PIRQ_TYPE_MULTI_MSI, absent, 1).status, -XEN_ENODEV);
    }},
    {"physdev_op.map_pirq", "refuses no messages, and more than 32", [] {
        for (const int count : {-1, 0, 33}) expect_equal(map_message(MAP_PIRQ_TYPE_MULTI_MSI, disks, count).status, -XEN_EDOM);
    }},
    {"physdev_op.map_pirq", "refuses more messages than the function can send", [] {
        if (on_stock_xen()) return skip("stock Xen wants interrupt remapping for more than one");
        for (const int count : {2, 32}) expect_equal(map_message(MAP_PIRQ_TYPE_MULTI_MSI, disks, count).status, -XEN_ERANGE);
    }},
    {"physdev_op.map_pirq", "refuses a message that is mapped", [] {
        if (on_stock_xen()) return skip("stock Xen puts the new one in place of it");
        const Mapped one = map_message(MAP_PIRQ_TYPE_MSI, disks);
        expect_equal(map_message(MAP_PIRQ_TYPE_MSI, disks).status, -XEN_EEXIST);
        expect_equal(unmap(one.pirq), 0);
    }},
    {"physdev_op.map_pirq", "refuses a table that has no address", [] {
        if (on_stock_xen()) return skip("stock Xen believes the address that it is told");
        expect_equal(set_iopl(1), 0);
        const std::uint32_t address = config(random_numbers, second_bar);
        set_config(random_numbers, second_bar, 0);
        expect_equal(map_message(MAP_PIRQ_TYPE_MSI, random_numbers, 0, some_address).status, -XEN_ENXIO);
        set_config(random_numbers, second_bar, address);
        const Mapped one = map_message(MAP_PIRQ_TYPE_MSI, random_numbers, 0, some_address);
        expect_equal(one.status, 0);
        expect_equal(unmap(one.pirq), 0);
    }},
    {"physdev_op.map_pirq", "refuses a table that would lie in RAM or in an interrupt controller, and writes nothing", [] {
        if (on_stock_xen()) return skip("stock Xen writes wherever the function says that its table is");
        const std::uint32_t address = config(random_numbers, second_bar);
        Page& page = fresh_page();
        page.words.fill(~0ull);
        set_config(random_numbers, second_bar, static_cast<std::uint32_t>(page.machine()));
        expect_equal(map_message(MAP_PIRQ_TYPE_MSI, random_numbers, 0, some_address).status, -XEN_ENXIO);
        for (const std::uint64_t word : page.words) expect_equal(word, ~0ull);
        for (const std::uint32_t own : {0xfec00000u, 0xfee00000u}) {      // IO-APIC, local APIC
            set_config(random_numbers, second_bar, own);
            expect_equal(map_message(MAP_PIRQ_TYPE_MSI, random_numbers, 0, some_address).status, -XEN_ENXIO);
        }
        set_config(random_numbers, second_bar, address);
        const Mapped one = map_message(MAP_PIRQ_TYPE_MSI, random_numbers, 0, some_address);
        expect_equal(one.status, 0);
        expect_equal(unmap(one.pirq), 0);
    }},
    {"physdev_op.unmap_pirq", "refuses domains that there are not, and pirqs beyond all", [] {
        expect_equal(unmap(20, 77), -XEN_ESRCH);
        for (const int pirq : {-1, 100'000}) expect_equal(unmap(pirq), -XEN_EINVAL);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
