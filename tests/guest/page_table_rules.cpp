// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The rules of page tables, one by one, and the kinds of error that hypervisors have made in them: each case names the
// rule; a number in brackets is the advisory of Xen's that an error of the kind is known by.
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

constexpr std::string_view no_linear_tables = "stock Xen takes read-only linear page tables, Basalt has none: no use of a "
                                              "table comes from one as low as itself";
constexpr std::uint64_t device_frame = 0xb8;    // text memory: no RAM, and Dom0's to map

Status set(const Slot& slot, std::uint64_t value) { return mmu_update(slot.machine(), value); }
Status pin(unsigned level, const Page& page) { return mmuext_op(MMUEXT_PIN_L1_TABLE + level - 1, page.mfn()); }
Status unpin(const Page& page) { return mmuext_op(MMUEXT_UNPIN_TABLE, page.mfn()); }

// One sound table of each level below the fourth, ready to be linked.
struct Tower {
    Page& data = fresh_page();
    Page& level1 = table_of(entry(data.mfn(), kernel_page));
    Page& level2 = table_of(entry(level1.mfn(), table_entry));
    Page& level3 = table_of(entry(level2.mfn(), table_entry));
    const Page& below(unsigned level) const { return level == 2 ? level1 : level == 3 ? level2 : level3; }
};

unsigned physical_bits() {
    std::uint32_t a = 0x80000008, b, c = 0, d;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return a & 0xff;
}

// Neither the processor nor the hypervisor adds anything else to an entry above level 1.
void expect_entry(const Slot& slot, std::uint64_t expected, Location where = Location::current()) {
    expect_equal(slot.value() & ~(accessed | dirty), expected & ~(accessed | dirty), where);
}

// A live entry is written again with one more bit: what it names is the same, so that only the bit is to be judged.
void refuses_bit(unsigned level, std::uint64_t bit, Location where = Location::current()) {
    const Tower tower;
    const Slot slot = free_slot(level);
    const std::uint64_t good = entry(tower.below(level).mfn(), table_entry);
    expect_equal(set(slot, good | bit), -XEN_EINVAL, where);
    expect_equal(set(slot, good), 0, where);
    expect_equal(set(slot, good | bit), -XEN_EINVAL, where);
    expect_entry(slot, good, where);
    expect_equal(set(slot, 0), 0, where);
}

// The same in a table that is not one yet.
void refuses_bit_in_new_table(unsigned level, std::uint64_t bit, Location where = Location::current()) {
    const Tower tower;
    Page& table = table_of(entry(tower.below(level).mfn(), table_entry | bit));
    expect_equal(pin(level, table), -XEN_EINVAL, where);
    expect_equal(make_writable(table), 0, where);
    expect_equal(make_writable(tower.below(level)), 0, where);
}

constexpr auto table = std::to_array<Case>({
    // --- what an entry may say ---
    {"mmu_update", "no large page at levels 2 to 4, by a new entry or by one bit of a live one [148, 182]", [] {
        for (unsigned level = 2; level <= 4; ++level) refuses_bit(level, large);
    }},
    {"mmuext_op.pin", "no large page in a table that is being promoted", [] {
        for (unsigned level = 2; level <= 4; ++level) refuses_bit_in_new_table(level, large);
    }},
    {"mmu_update", "no bit beyond the processor's physical addresses, at any level", [] {
        for (unsigned bit = physical_bits(); bit < 52; ++bit) {
            Page& window = fresh_page();
            expect(set(slot_of(&window), entry(window.mfn(), kernel_page) | 1ull << bit) < 0);
            if (bit % 4 == 3)
                for (unsigned level = 2; level <= 4; ++level) refuses_bit(level, 1ull << bit);
        }
    }},
    {"mmuext_op.pin", "no bit beyond the processor's physical addresses in a table that is being promoted", [] {
        for (unsigned level = 2; level <= 4; ++level) refuses_bit_in_new_table(level, 1ull << 51);
        Page& data = fresh_page();
        Page& level1 = table_of(entry(data.mfn(), kernel_page) | 1ull << 51);
        expect(pin(1, level1) < 0);
        expect_equal(make_writable(level1), 0);
    }},
    {"mmu_update", "no cache attribute and no global bit above level 1", [] {
        for (unsigned level = 2; level <= 4; ++level)
            for (std::uint64_t bit : {write_through, cache_disable, global}) refuses_bit(level, bit);
    }},
    {"mmu_update", "software's bits and no-execute above level 1 are the guest's", [] {
        for (unsigned level = 2; level <= 4; ++level) {
            const Tower tower;
            const Slot slot = free_slot(level);
            const std::uint64_t good = entry(tower.below(level).mfn(), table_entry);
            for (unsigned bit : {9, 10, 11, 52, 58, 63}) {
                expect_equal(set(slot, good | 1ull << bit), 0);
                expect(slot.value() >> bit & 1);
            }
            expect_equal(set(slot, 0), 0);
        }
    }},
    {"mmu_update", "no-execute in a level-1 entry holds", [] {
        Page& page = fresh_page();
        page.words[0] = 0xc3;                                    // ret
        expect_equal(remap(page, kernel_page), 0);
        const auto run = [&] { reinterpret_cast<void (*)()>(page.address())(); };
        expect(!fault_of(run));
        expect_equal(remap(page, kernel_page | no_execute), 0);
        const auto fault = fault_of(run);
        expect(fault && fault->vector == 14 && (fault->error & 0x11) == 0x11);
    }},
    // --- what is not present ---
    {"mmu_update", "an entry that is not present owns nothing, whatever frame it seems to name", [] {
        // As on a processor that looks at no address in such an entry: this one is not said to have L1TF.
        Page& window = fresh_page();
        const std::uint64_t own = mfn_in(Slot{root_mfn(), 261}.value());
        for (std::uint64_t mfn : {own, root_mfn(), window.mfn(), std::uint64_t{device_frame}}) {
            expect_equal(set(slot_of(&window), entry(mfn, writable | user | large)), 0);
            expect_equal(slot_of(&window).value(), entry(mfn, writable | user | large));
        }
        expect_equal(set(slot_of(&window), entry(window.mfn(), kernel_page)), 0);
        expect_equal(make_read_only(window), 0);
        expect_equal(pin(1, window), 0);
        expect_equal(unpin(window), 0);
    }},
    {"mmu_update", "an entry above level 1 that is not present may hold anything too", [] {
        for (unsigned level = 2; level <= 4; ++level) {
            expect_equal(set(free_slot(level), 0xfedcba9876543210), 0);
            expect_equal(free_slot(level).value(), 0xfedcba9876543210);
            expect_equal(set(free_slot(level), 0), 0);
        }
    }},
    // --- no frame is writable and a table at once ---
    {"mmu_update", "a read-only mapping of a table does not become writable by one bit", [] {
        Page& level1 = fresh_table();
        expect_equal(pin(1, level1), 0);
        const Slot slot = slot_of(&level1);
        const std::uint64_t before = slot.value();
        expect_equal(set(slot, entry(level1.mfn(), read_only_page | writable)), -XEN_EBUSY);
        expect_equal(update_va_mapping(&level1, entry(level1.mfn(), read_only_page | writable), UVMF_INVLPG), -XEN_EBUSY);
        expect_equal(slot.value(), before);
        expect_equal(unpin(level1), 0);
    }},
    {"mmu_update", "every kind of update refuses alike", [] {
        Page& window = fresh_page();
        Page& level1 = fresh_table();
        expect_equal(pin(1, level1), 0);
        for (unsigned kind : {MMU_NORMAL_PT_UPDATE, MMU_PT_UPDATE_PRESERVE_AD, MMU_PT_UPDATE_NO_TRANSLATE}) {
            expect_equal(mmu_update(slot_of(&window).machine() | kind, entry(level1.mfn(), kernel_page)), -XEN_EBUSY);
            expect_equal(mmu_update(free_slot(2).machine() | kind, entry(level1.mfn(), table_entry | large)), -XEN_EINVAL);
        }
        expect_equal(unpin(level1), 0);
    }},
    {"mmuext_op", "neither pin nor root takes a tree that maps a table writable", [] {
        Page& page = fresh_table();
        expect_equal(pin(1, page), 0);
        const Tower tower;
        make_writable(tower.level1);
        tower.level1.words[9] = entry(page.mfn(), kernel_page);
        make_read_only(tower.level1);
        Page& level4 = table_of(entry(tower.level3.mfn(), table_entry));
        const Page* tables[] = {&tower.level1, &tower.level2, &tower.level3, &level4};
        for (unsigned level = 1; level <= 4; ++level) expect_equal(pin(level, *tables[level - 1]), -XEN_EBUSY);
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, level4.mfn()), -XEN_EBUSY);
        expect_equal(mmuext_op(MMUEXT_NEW_USER_BASEPTR, level4.mfn()), -XEN_EBUSY);
        expect_equal(unpin(page), 0);
    }},
    {in_words("page-table write"), "a read-only mapping of a table does not become writable by an or of one bit", [] {
        Page& level1 = fresh_table();
        expect_equal(pin(1, level1), 0);
        const Slot slot = slot_of(&level1);
        const std::uint64_t before = slot.value();
        expect_fault(fault_of([&] { asm volatile("lock orb $2, %0" : "+m"(*reinterpret_cast<std::uint8_t*>(slot.word()))); }), 14, 3);
        expect_equal(slot.value(), before);
        expect_equal(unpin(level1), 0);
    }},
    {"mmuext_op.pin", "a page that is writable under another address is no table until every such mapping is gone", [] {
        Page& page = fresh_page();
        const auto windows = fresh_pages(3);
        for (Page& window : windows) expect_equal(update_va_mapping(&window, entry(page.mfn(), kernel_page), UVMF_INVLPG), 0);
        expect_equal(make_read_only(page), 0);
        for (Page& window : windows) {
            expect_equal(pin(1, page), -XEN_EINVAL);
            expect_equal(update_va_mapping(&window, entry(page.mfn(), read_only_page), UVMF_INVLPG), 0);
        }
        expect_equal(pin(1, page), 0);
        for (Page& window : windows)
            expect_equal(update_va_mapping(&window, entry(page.mfn(), kernel_page), UVMF_INVLPG), -XEN_EBUSY);
        expect_equal(unpin(page), 0);
        for (Page& window : windows) expect_equal(update_va_mapping(&window, entry(page.mfn(), kernel_page), UVMF_INVLPG), 0);
    }},
    {"mmu_update", "two entries of one new table that name a frame as page and as table are refused", [] {
        Page& level1 = fresh_page();
        level1.words[0] = entry(level1.mfn(), kernel_page);      // writable, in the very table that it would be
        make_read_only(level1);
        expect_equal(pin(1, level1), -XEN_EBUSY);
        expect_equal(make_writable(level1), 0);
        level1.words[0] = entry(level1.mfn(), read_only_page);
        make_read_only(level1);
        expect_equal(pin(1, level1), 0);
        expect_equal(unpin(level1), 0);
    }},
    // --- tables name tables of the next level below ---
    {"mmu_update", "no table names itself, writable", [] {
        for (unsigned level = 2; level <= 4; ++level)
            expect_equal(set(free_slot(level), entry(free_slot(level).table_mfn, table_entry)), -XEN_EINVAL);
    }},
    {"mmu_update", "no table names itself, read-only [240: linear page tables]", [] {
        if (on_stock_xen()) return skip(no_linear_tables);
        for (unsigned level = 2; level <= 4; ++level)
            expect_equal(set(free_slot(level), entry(free_slot(level).table_mfn, read_only_page)), -XEN_EINVAL);
    }},
    {"mmuext_op.pin", "no table that is being promoted names itself", [] {
        if (on_stock_xen()) return skip(no_linear_tables);
        for (unsigned level = 2; level <= 4; ++level)
            for (std::uint64_t rights : {table_entry, read_only_page}) {
                Page& page = fresh_page();
                page.words[0] = entry(page.mfn(), rights);
                make_read_only(page);
                expect_equal(pin(level, page), -XEN_EINVAL);
                expect_equal(make_writable(page), 0);
            }
    }},
    {"mmuext_op.pin", "no two tables that are being promoted name each other", [] {
        Page& upper = fresh_page();
        Page& lower = table_of(entry(upper.mfn(), table_entry));
        upper.words[0] = entry(lower.mfn(), table_entry);
        make_read_only(upper);
        expect_equal(pin(2, upper), -XEN_EBUSY);                 // a level-1 table maps one above it writable
        for (unsigned level = 3; level <= 4; ++level) expect_equal(pin(level, upper), -XEN_EINVAL);
        expect_equal(make_writable(upper), 0);
        expect_equal(make_writable(lower), 0);
    }},
    {"mmu_update", "a table of each level is refused at every other", [] {
        const Tower tower;
        Page& level4 = table_of(entry(tower.level3.mfn(), table_entry));
        expect_equal(pin(4, level4), 0);
        const Page* tables[] = {&tower.level1, &tower.level2, &tower.level3, &level4};
        for (unsigned level = 2; level <= 4; ++level)
            for (unsigned named = 1; named <= 4; ++named) {
                const bool fits = named == level - 1;
                expect_equal(set(free_slot(level), entry(tables[named - 1]->mfn(), table_entry)), fits ? 0 : -XEN_EINVAL);
                if (fits) expect_equal(set(free_slot(level), 0), 0);
            }
        expect_equal(unpin(level4), 0);
    }},
    {"mmuext_op.pin", "what a new root says in the hypervisor's slots does not count, even another's frame", [] {
        const Tower tower;
        Page& level4 = fresh_page();
        level4.words[0] = entry(tower.level3.mfn(), table_entry);
        for (unsigned slot = 256; slot < 272; ++slot) level4.words[slot] = entry(root_mfn(), table_entry | slot << 9);
        make_read_only(level4);
        expect_equal(pin(4, level4), 0);
        for (unsigned slot = 256; slot < 272; ++slot)
            if (!(level4.words[slot] & present)) continue;
            else expect(mfn_in(level4.words[slot]) != root_mfn());
        expect_equal(unpin(level4), 0);
    }},
    // --- whose frames ---
    {"mmu_update", "no entry names another domain's frame, as page or as table, unless that domain is named", [] {
        static const std::byte nothing[1]{};
        const SmallDomain other(nothing);
        if (!expect_equal(other.trouble, 0)) return;
        Page& window = fresh_page();
        const std::uint64_t theirs = other.frames[SmallDomain::data], table = other.frames[SmallDomain::level1];
        expect(set(slot_of(&window), entry(theirs, kernel_page)) < 0);
        expect(set(slot_of(&window), entry(theirs, read_only_page)) < 0);
        expect_equal(set(free_slot(2), entry(table, table_entry)), -XEN_EINVAL);
        expect_equal(set(free_slot(2), entry(theirs, table_entry)), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, theirs), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, other.frames[SmallDomain::level4]), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, other.frames[SmallDomain::level4]), -XEN_EINVAL);
        expect_equal(mmu_update(theirs * page_size, 1), -XEN_EINVAL);
        // And then its tables are no more writable than ours.
        expect_equal(map_foreign(window, other.id, table, kernel_page), -XEN_EBUSY);
        const auto otherdomain = [&](std::uint64_t address, std::uint64_t mfn) {
            return hypercall(__HYPERVISOR_update_va_mapping_otherdomain, address, entry(mfn, kernel_page), UVMF_INVLPG, other.id);
        };
        expect_equal(otherdomain(window.address(), table), -XEN_EBUSY);
        expect_equal(otherdomain(nowhere, theirs), -XEN_EINVAL);
        expect_equal(otherdomain(window.address(), theirs), 0);
        expect_equal(map_foreign(window, other.id, table, read_only_page), 0);
        expect_equal(map_foreign(window, other.id, theirs, kernel_page), 0);
        expect_equal(update_va_mapping(&window, 0, UVMF_INVLPG), 0);
        expect_equal(other.destroy(), 0);
    }},
    {"mmu_update", "device memory is no table, nor is what lies behind the end of memory", [] {
        for (std::uint64_t mfn : {std::uint64_t{device_frame}, (std::uint64_t{1} << (physical_bits() - 12)) - 1}) {
            for (unsigned level = 2; level <= 4; ++level)
                expect_equal(set(free_slot(level), entry(mfn, table_entry)), -XEN_EINVAL);
            expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, mfn), -XEN_EINVAL);
            expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, mfn), -XEN_EINVAL);
            expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, mfn), -XEN_EINVAL);
        }
    }},
});

}

constinit const std::span<const Case> cases = table;

}
