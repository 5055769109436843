// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Page-table entries are written only after the hypervisor has checked what they say.
#include "kit/case.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

Status set(const Slot& slot, std::uint64_t value, unsigned type = MMU_NORMAL_PT_UPDATE) {
    return mmu_update(slot.machine() | type, value);
}

constexpr auto table = std::to_array<Case>({
    {"mmu_update", "writes a level-1 entry, and the new frame is what the address shows", [] {
        Page& window = fresh_page();
        Page& target = fresh_page();
        target.words[7] = 1234;
        expect_equal(set(slot_of(&window), entry(target.mfn(), read_only_page)), 0);
        mmuext_op(MMUEXT_TLB_FLUSH_LOCAL);
        expect_equal(window.words[7], 1234);
        // Xen adds the global bit to user mappings by itself: only what the guest may rely on is compared.
        expect_equal(slot_of(&window).value() & ~(accessed | dirty | global), entry(target.mfn(), present | user));
    }},
    {"mmu_update", "an entry that is not present may hold anything", [] {
        Page& window = fresh_page();
        expect_equal(set(slot_of(&window), 0xfedcba9876543210), 0);
        expect_equal(slot_of(&window).value(), 0xfedcba9876543210);
    }},
    {"mmu_update", "refuses a writable mapping of a page table", [] {
        Page& window = fresh_page();
        Page& page_table = fresh_table();
        const std::uint64_t before = slot_of(&window).value();
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, page_table.mfn()), 0);
        expect_equal(set(slot_of(&window), entry(page_table.mfn(), kernel_page)), -XEN_EBUSY);
        expect_equal(slot_of(&window).value(), before);
        expect_equal(set(slot_of(&window), entry(page_table.mfn(), read_only_page)), 0);
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, page_table.mfn()), 0);
        expect_equal(set(slot_of(&window), entry(page_table.mfn(), kernel_page)), 0);
    }},
    {"mmu_update", "refuses a frame that does not exist", [] {
        expect_equal(set(slot_of(&fresh_page()), entry(0xffffffffff, kernel_page)), -XEN_EINVAL);
    }},
    {"mmu_update", "refuses the hypervisor's own frames, writable or not", [] {
        const Slot hypervisor_entry{root_mfn(), 256 + 5};
        const std::uint64_t own = mfn_in(hypervisor_entry.value());
        expect(hypervisor_entry.value() & present);
        // Which error it is depends on what the frame holds.
        expect(set(slot_of(&fresh_page()), entry(own, kernel_page)) < 0);
        expect(set(slot_of(&fresh_page()), entry(own, read_only_page)) < 0);
    }},
    {"mmu_update", "leaves the bits of level 1 that are free for software to the guest", [] {
        Page& window = fresh_page();
        const std::uint64_t good = entry(window.mfn(), kernel_page);
        for (unsigned bit : {9, 10, 11, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62}) {
            expect_equal(set(slot_of(&window), good | 1ull << bit), 0);
            expect(slot_of(&window).value() >> bit & 1);
        }
        expect_equal(set(slot_of(&window), good), 0);
    }},
    {"mmu_update", "takes every cache attribute and the global bit at level 1", [] {
        Page& window = fresh_page();
        const std::uint64_t good = entry(window.mfn(), kernel_page);
        for (std::uint64_t flags : {write_through, cache_disable, global, large, no_execute})
            expect_equal(set(slot_of(&window), good | flags), 0);     // bit 7 is PAT here
        expect_equal(set(slot_of(&window), good), 0);
    }},
    {"mmu_update", "refuses large pages at level 2", [] {
        const Slot empty{slot_of(image_base, 2).table_mfn, 200};
        expect_equal(set(empty, entry(start->nr_pages & ~511ull, kernel_page | large)), -XEN_EINVAL);
        expect_equal(empty.value(), 0);
    }},
    {"mmu_update", "refuses to link a page that is writable somewhere as a table", [] {
        const Slot empty{slot_of(image_base, 2).table_mfn, 200};
        Page& still_writable = fresh_page();
        expect_equal(set(empty, entry(still_writable.mfn(), table_entry)), -XEN_EINVAL);
        make_read_only(still_writable);
        expect_equal(set(empty, entry(still_writable.mfn(), table_entry)), 0);
        expect_equal(make_writable(still_writable), -XEN_EBUSY);
        expect_equal(set(empty, 0), 0);
        expect_equal(make_writable(still_writable), 0);
    }},
    {"mmu_update", "a table in use at one level is refused at another", [] {
        Page& level1 = fresh_table();
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, level1.mfn()), 0);
        const Slot level3{slot_of(image_base, 3).table_mfn, 7};
        expect_equal(set(level3, entry(level1.mfn(), table_entry)), -XEN_EINVAL);
        expect_equal(set(Slot{root_mfn(), 1}, entry(level1.mfn(), table_entry)), -XEN_EINVAL);
        expect_equal(set(Slot{slot_of(image_base, 2).table_mfn, 200}, entry(level1.mfn(), table_entry)), 0);
        expect_equal(set(Slot{slot_of(image_base, 2).table_mfn, 200}, 0), 0);
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, level1.mfn()), 0);
    }},
    {"mmu_update", "refuses a table with a bad entry inside, whole", [] {
        Page& good_target = fresh_page();
        Page& level1 = fresh_page();
        level1.words[0] = entry(good_target.mfn(), kernel_page);
        level1.words[511] = entry(root_mfn(), kernel_page);     // a writable mapping of a table
        make_read_only(level1);
        const Slot empty{slot_of(image_base, 2).table_mfn, 200};
        expect_equal(set(empty, entry(level1.mfn(), table_entry)), -XEN_EBUSY);
        expect_equal(make_writable(level1), 0);                 // nothing of the attempt is left
        make_read_only(good_target);
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, good_target.mfn()), 0);
        mmuext_op(MMUEXT_UNPIN_TABLE, good_target.mfn());
    }},
    {"mmu_update", "refuses every slot of the hypervisor in level 4", [] {
        Page& level3 = fresh_table();
        for (unsigned slot = 256; slot < 272; ++slot)
            if (!expect_equal(set(Slot{root_mfn(), slot}, entry(level3.mfn(), table_entry)), -XEN_EINVAL)) return;
        expect_equal(set(Slot{root_mfn(), 272}, entry(level3.mfn(), table_entry)), 0);
        expect_equal(set(Slot{root_mfn(), 272}, 0), 0);
    }},
    {"mmu_update", "to a frame that is no table is a plain write", [] {
        Page& page = fresh_page();
        expect_equal(mmu_update(page.machine() + 40, 0x1122334455667788), 0);
        expect_equal(page.words[5], 0x1122334455667788);
    }},
    {"mmu_update", "stops at the first refused update and says how many it made", [] {
        Page& window = fresh_page();
        Page& other = fresh_page();
        const mmu_update_t updates[] = {
            {slot_of(&window).machine(), entry(other.mfn(), kernel_page)},
            {slot_of(&window).machine(), entry(root_mfn(), kernel_page)},
            {slot_of(&window).machine(), 0},
        };
        unsigned done = 77;
        expect_equal(mmu_update(updates, &done), -XEN_EBUSY);
        expect_equal(done, 1);
        expect_equal(mfn_in(slot_of(&window).value()), other.mfn());
    }},
    {"mmu_update", "an empty batch succeeds", [] {
        unsigned done = 77;
        expect_equal(mmu_update({}, &done), 0);
        expect_equal(done, 0);
    }},
    {"mmu_update", "refuses lists and counters at bad addresses", [] {
        const mmu_update_t update{slot_of(&fresh_page()).machine(), 0};
        expect_equal(hypercall(__HYPERVISOR_mmu_update, nowhere, 1, nullptr, DOMID_SELF), -XEN_EFAULT);
        expect_equal(hypercall(__HYPERVISOR_mmu_update, HYPERVISOR_VIRT_START, 1, nullptr, DOMID_SELF), -XEN_EFAULT);
        // The counter is only written at the end, and nobody looks whether that worked.
        expect_equal(hypercall(__HYPERVISOR_mmu_update, &update, 1, nowhere, DOMID_SELF), 0);
    }},
    {"mmu_update", "refuses domains that do not exist", [] {
        const mmu_update_t update{slot_of(&fresh_page()).machine(), 0};
        expect_equal(mmu_update(std::span{&update, 1}, nullptr, 5), -XEN_ESRCH);
    }},
    {"mmu_update", "refuses kinds of update that do not exist", [] {
        const std::uint64_t place = slot_of(&fresh_page()).machine();
        expect_equal(mmu_update(place | MMU_PT_UPDATE_NO_TRANSLATE, 0), 0);
        for (unsigned kind = 4; kind < 8; ++kind) expect_equal(mmu_update(place | kind, 0), -XEN_ENOSYS);
    }},
    {"mmu_update", "refuses an entry whose table is not ours", [] {
        expect_equal(mmu_update(0xffffffffff000, 0), -XEN_EINVAL);
        expect_equal(mmu_update(0xf0000, 0), -XEN_EINVAL);
    }},
    {"mmu_update.machphys", "writes the machine-to-physical table", [] {
        Page& page = fresh_page();
        const std::uint64_t mfn = page.mfn(), pfn = m2p(mfn);
        expect_equal(pfn, pfn_of(&page));
        expect_equal(mmu_update(mfn * page_size | MMU_MACHPHYS_UPDATE, 0x1234), 0);
        expect_equal(m2p(mfn), 0x1234);
        expect_equal(mmu_update(mfn * page_size | MMU_MACHPHYS_UPDATE, pfn), 0);
        expect_equal(mmu_update(0xffffffffff000 | MMU_MACHPHYS_UPDATE, 0), -XEN_EINVAL);
    }},
    {"mmu_update.preserve_ad", "keeps the accessed and dirty bits the processor set", [] {
        Page& page = fresh_page();
        page.words[0] = 1;
        const Slot slot = slot_of(&page);
        expect_equal(set(slot, entry(page.mfn(), present | writable | user)), 0);
        mmuext_op(MMUEXT_TLB_FLUSH_LOCAL);
        page.words[0] = 2;
        expect_equal(set(slot, entry(page.mfn(), present | user), MMU_PT_UPDATE_PRESERVE_AD), 0);
        expect_equal(slot.value() & (accessed | dirty | writable), accessed | dirty);
        expect_equal(set(slot, entry(page.mfn(), present | user)), 0);
        expect_equal(slot.value() & (accessed | dirty), 0);
    }},
    {"mmu_update", "the processor's accessed and dirty bits appear in the guest's own tables", [] {
        Page& page = fresh_page();
        const Slot slot = slot_of(&page);
        expect_equal(remap(page, present | writable | user), 0);
        expect_equal(slot.value() & (accessed | dirty), 0);
        static_cast<void>(*static_cast<volatile std::uint64_t*>(page.words.data()));
        expect_equal(slot.value() & (accessed | dirty), accessed);
        page.words[0] = 1;
        expect_equal(slot.value() & (accessed | dirty), accessed | dirty);
    }},
    {"mmu_update", "Dom0 may map device memory, never the local APIC", [] {
        Page& window = fresh_page();
        const Slot slot = slot_of(&window);
        expect_equal(set(slot, entry(0xb8, kernel_page)), 0);
        expect_equal(mmu_update(slot.machine(), entry(0xb8, kernel_page), DOMID_IO), 0);
        expect_equal(set(slot, entry(0xb0000, kernel_page)), 0);           // where PCI devices live
        expect_equal(set(slot, entry(0xfee00, kernel_page)), -XEN_EPERM);
        expect_equal(mmu_update(slot.machine(), entry(0xfee00, kernel_page), DOMID_IO), -XEN_EPERM);
    }},
    {"update_va_mapping", "maps a page, flushes, and can unmap it", [] {
        Page& window = fresh_page();
        Page& target = fresh_page();
        target.words[0] = 99;
        expect_equal(window.words[0], 0);
        expect_equal(update_va_mapping(&window, entry(target.mfn(), kernel_page), UVMF_INVLPG), 0);
        expect_equal(window.words[0], 99);
        expect_equal(update_va_mapping(&window, 0, UVMF_INVLPG | UVMF_ALL), 0);
        expect_fault(fault_of([&] { asm volatile("" ::"r"(*const_cast<volatile std::uint64_t*>(&window.words[0]))); }), 14);
        expect_equal(update_va_mapping(&window, entry(window.mfn(), kernel_page), UVMF_TLB_FLUSH), 0);
        expect_equal(window.words[0], 0);
    }},
    {"update_va_mapping", "refuses what mmu_update refuses", [] {
        Page& window = fresh_page();
        expect_equal(update_va_mapping(&window, entry(root_mfn(), kernel_page)), -XEN_EBUSY);
        expect_equal(update_va_mapping(&window, entry(0xffffffffff, kernel_page)), -XEN_EINVAL);
        expect(update_va_mapping(&window, entry(mfn_in(Slot{root_mfn(), 261}.value()), read_only_page)) < 0);
    }},
    {"update_va_mapping", "refuses addresses without a level-1 table, and the hypervisor's", [] {
        Page& target = fresh_page();
        expect_equal(update_va_mapping(nowhere, entry(target.mfn(), kernel_page)), -XEN_EINVAL);
        expect_equal(update_va_mapping(HYPERVISOR_VIRT_START, entry(target.mfn(), kernel_page)), -XEN_EINVAL);
        expect_equal(update_va_mapping(0x0000900000000000, entry(target.mfn(), kernel_page)), -XEN_EINVAL);
    }},
    {"update_va_mapping", "the hypervisor's addresses lead to no table, not even those that show one of ours", [] {
        // Where memory is mapped in large pages, the first frame of one could be taken for the table behind it.
        const std::uint64_t first_spare = (start->pt_base - image_base) / page_size + start->nr_pt_frames;
        std::uint64_t pfn = start->nr_pages - 1;
        while (pfn > first_spare && p2m(pfn) % 512 != 0) --pfn;
        const std::uint64_t mfn = p2m(pfn);
        Page& target = fresh_page();
        if (!expect(pfn > first_spare) || !expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, mfn), 0)) return;
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, mfn), 0);
        for (unsigned slot = 256; slot < 272; ++slot) {
            const std::uint64_t there = (0xffff'0000'0000'0000 | std::uint64_t{slot} << 39) + mfn * page_size + 5 * page_size;
            expect_equal(update_va_mapping(there, entry(target.mfn(), kernel_page)), -XEN_EINVAL);
        }
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, mfn), 0);
    }},
    {"update_va_mapping", "takes every kind of flush, local, for all vcpus and for a bitmap of them", [] {
        Page& window = fresh_page();
        const std::uint64_t same = entry(window.mfn(), kernel_page);
        for (unsigned flags = 0; flags < 4; ++flags) {
            expect_equal(update_va_mapping(&window, same, flags), 0);
            expect_equal(update_va_mapping(&window, same, flags | UVMF_ALL), 0);
        }
        unsigned long vcpus = 1;
        const auto bitmap = reinterpret_cast<std::uint64_t>(&vcpus);
        expect_equal(update_va_mapping(&window, same, UVMF_INVLPG | bitmap), 0);
        expect_equal(update_va_mapping(&window, same, UVMF_INVLPG | nowhere), -XEN_EFAULT);
    }},
    {"update_va_mapping_otherdomain", "refuses a domain that does not exist", [] {
        Page& window = fresh_page();
        expect_equal(hypercall(__HYPERVISOR_update_va_mapping_otherdomain, &window, entry(window.mfn(), kernel_page), 0, 5),
                     -XEN_ESRCH);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
