// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Pinning tables, changing roots, flushing: the extended MMU calls.
#include "kit/case.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

// One table of each level, linked: [1] has one data page, [4] is the top.
struct Tower {
    Page& data = fresh_page();
    Page& level1 = table_of(entry(data.mfn(), kernel_page));
    Page& level2 = table_of(entry(level1.mfn(), table_entry));
    Page& level3 = table_of(entry(level2.mfn(), table_entry));
    Page& level4 = table_of(entry(level3.mfn(), table_entry));
};

Status pin(unsigned level, const Page& page) { return mmuext_op(MMUEXT_PIN_L1_TABLE + level - 1, page.mfn()); }
Status unpin(const Page& page) { return mmuext_op(MMUEXT_UNPIN_TABLE, page.mfn()); }

// A root that maps what the current one maps.
Page& root_like_this_one() {
    Page& copy = fresh_page();
    const Page& now = page_of(root_mfn());
    for (unsigned i = 0; i < 512; ++i)
        if (i < 256 || i > 271) copy.words[i] = now.words[i];
    make_read_only(copy);
    return copy;
}

constexpr auto table = std::to_array<Case>({
    {"mmuext_op.pin", "each level can be pinned and unpinned", [] {
        const Tower tower;
        const Page* pages[] = {&tower.level1, &tower.level2, &tower.level3, &tower.level4};
        for (unsigned level = 1; level <= 4; ++level) {
            expect_equal(pin(level, *pages[level - 1]), 0);
            expect_equal(unpin(*pages[level - 1]), 0);
        }
        for (const Page* page : pages) expect_equal(make_writable(*page), 0);
    }},
    {"mmuext_op.pin", "the whole tree is checked and held by its top", [] {
        const Tower tower;
        expect_equal(pin(4, tower.level4), 0);
        for (const Page* page : {&tower.level1, &tower.level2, &tower.level3, &tower.level4})
            expect_equal(make_writable(*page), -XEN_EBUSY);
        expect_equal(unpin(tower.level4), 0);
        for (const Page* page : {&tower.level1, &tower.level2, &tower.level3, &tower.level4})
            expect_equal(make_writable(*page), 0);
    }},
    {"mmuext_op.pin", "fills the hypervisor's slots of a level-4 table", [] {
        const Tower tower;
        expect_equal(pin(4, tower.level4), 0);
        unsigned filled = 0;
        for (unsigned slot = 256; slot < 272; ++slot) filled += tower.level4.words[slot] & present;
        expect(filled > 0);
        expect_equal(unpin(tower.level4), 0);
    }},
    {"mmuext_op.pin", "refuses a page that is mapped writable", [] {
        Page& page = fresh_page();
        for (unsigned level = 1; level <= 4; ++level) expect_equal(pin(level, page), -XEN_EINVAL);
    }},
    {"mmuext_op.pin", "refuses a second pin, and the same table at another level", [] {
        const Tower tower;
        expect_equal(pin(2, tower.level2), 0);
        expect_equal(pin(2, tower.level2), -XEN_EINVAL);
        expect_equal(pin(3, tower.level2), -XEN_EINVAL);
        expect_equal(pin(1, tower.level2), -XEN_EINVAL);
        expect_equal(unpin(tower.level2), 0);
    }},
    {"mmuext_op.pin", "refuses a tree whose leaf maps a table writable, whole", [] {
        Tower tower;
        make_writable(tower.level1);
        tower.level1.words[77] = entry(tower.level2.mfn(), kernel_page);
        make_read_only(tower.level1);
        expect_equal(pin(4, tower.level4), -XEN_EBUSY);
        for (const Page* page : {&tower.level1, &tower.level2, &tower.level3, &tower.level4})
            expect_equal(make_writable(*page), 0);
    }},
    {"mmuext_op.pin", "refuses entries with impossible bits", [] {
        Page& data = fresh_page();
        Page& level1 = table_of(entry(data.mfn(), kernel_page));
        Page& level2 = table_of(entry(level1.mfn(), table_entry | large));
        expect_equal(pin(2, level2), -XEN_EINVAL);
        Page& level3 = table_of(entry(level2.mfn(), table_entry | 1ull << 51));
        expect_equal(pin(3, level3), -XEN_EINVAL);
    }},
    {"mmuext_op.pin", "refuses frames that are not the domain's", [] {
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, 0xffffffffff), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_PIN_L4_TABLE, mfn_in(Slot{root_mfn(), 261}.value())), -XEN_EINVAL);
    }},
    {"mmuext_op.unpin", "refuses what is not pinned", [] {
        expect_equal(unpin(fresh_page()), -XEN_EINVAL);
        expect_equal(unpin(fresh_table()), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, 0xffffffffff), -XEN_EINVAL);
    }},
    {"mmuext_op.new_baseptr", "runs on another root, and back", [] {
        Page& other = root_like_this_one();
        const std::uint64_t first = root_mfn();
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, other.mfn()), 0);
        std::uint64_t cr3;
        asm volatile("mov %%cr3, %0" : "=r"(cr3));
        expect_equal(cr3, other.machine());
        expect_equal(make_writable(other), -XEN_EBUSY);       // in use, though never pinned
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, first), 0);
        expect_equal(make_writable(other), 0);
    }},
    {"mmuext_op.new_baseptr", "refuses what is no root, and stays where it was", [] {
        Page& other = fresh_page();
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, other.mfn()), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, 0xffffffffff), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, slot_of(image_base, 1).table_mfn), -XEN_EINVAL);
        std::uint64_t cr3;
        asm volatile("mov %%cr3, %0" : "=r"(cr3));
        expect_equal(cr3, root_mfn() * page_size);
    }},
    {"mmuext_op.new_baseptr", "the same root again is no change", [] {
        expect_equal(mmuext_op(MMUEXT_NEW_BASEPTR, root_mfn()), 0);
    }},
    {"mmuext_op.new_user_baseptr", "takes a root, nothing, and refuses the rest", [] {
        const Tower tower;
        expect_equal(mmuext_op(MMUEXT_NEW_USER_BASEPTR, tower.level4.mfn()), 0);
        expect_equal(make_writable(tower.level1), -XEN_EBUSY);
        expect_equal(mmuext_op(MMUEXT_NEW_USER_BASEPTR, tower.level4.mfn()), 0);
        expect_equal(mmuext_op(MMUEXT_NEW_USER_BASEPTR, tower.level3.mfn()), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_NEW_USER_BASEPTR, 0xffffffffff), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_NEW_USER_BASEPTR, 0), 0);
        expect_equal(make_writable(tower.level1), 0);
    }},
    {"mmuext_op.tlb_flush_local", "and its relatives succeed", [] {
        expect_equal(mmuext_op(MMUEXT_TLB_FLUSH_LOCAL), 0);
        expect_equal(mmuext_op(MMUEXT_TLB_FLUSH_ALL), 0);
        expect_equal(mmuext_op(MMUEXT_INVLPG_LOCAL, fresh_page().address()), 0);
        expect_equal(mmuext_op(MMUEXT_INVLPG_ALL, fresh_page().address()), 0);
        expect_equal(mmuext_op(MMUEXT_INVLPG_LOCAL, 0x0000900000000000), 0);   // nothing to do is no fault
        expect_equal(mmuext_op(MMUEXT_FLUSH_CACHE), 0);
        expect_equal(mmuext_op(MMUEXT_FLUSH_CACHE_GLOBAL), 0);
    }},
    {"mmuext_op.tlb_flush_multi", "reads the set of vcpus from memory", [] {
        unsigned long vcpus = 1;
        mmuext_op_t operation{};
        operation.cmd = MMUEXT_TLB_FLUSH_MULTI;
        set_xen_guest_handle(operation.arg2.vcpumask, &vcpus);
        expect_equal(mmuext_op(std::span{&operation, 1}), 0);
        operation.cmd = MMUEXT_INVLPG_MULTI;
        operation.arg1.linear_addr = image_base;
        expect_equal(mmuext_op(std::span{&operation, 1}), 0);
        set_xen_guest_handle(operation.arg2.vcpumask, reinterpret_cast<unsigned long*>(nowhere));
        expect_equal(mmuext_op(std::span{&operation, 1}), -XEN_EINVAL);
    }},
    {"mmuext_op.invlpg_local", "the next access sees the new entry", [] {
        Page& window = fresh_page();
        Page& target = fresh_page();
        target.words[0] = 5;
        expect_equal(*static_cast<volatile std::uint64_t*>(window.words.data()), 0);
        expect_equal(mmu_update(slot_of(&window).machine(), entry(target.mfn(), kernel_page)), 0);
        expect_equal(mmuext_op(MMUEXT_INVLPG_LOCAL, window.address()), 0);
        expect_equal(*static_cast<volatile std::uint64_t*>(window.words.data()), 5);
    }},
    {"mmuext_op.tlb_flush_local", "after any kind of flush the next access sees the new entry", [] {
        unsigned long this_vcpu = 1;
        for (const unsigned command : {MMUEXT_TLB_FLUSH_LOCAL, MMUEXT_TLB_FLUSH_MULTI, MMUEXT_TLB_FLUSH_ALL,
                                       MMUEXT_INVLPG_LOCAL, MMUEXT_INVLPG_MULTI, MMUEXT_INVLPG_ALL}) {
            Page& window = fresh_page();
            Page& target = fresh_page();
            target.words[0] = 5;
            const auto& seen = static_cast<const volatile std::uint64_t&>(window.words[0]);
            expect_equal(seen, 0);
            expect_equal(mmu_update(slot_of(&window).machine(), entry(target.mfn(), kernel_page)), 0);
            mmuext_op_t operation{};
            operation.cmd = command;
            operation.arg1.linear_addr = window.address();
            const bool names_vcpus = command == MMUEXT_TLB_FLUSH_MULTI || command == MMUEXT_INVLPG_MULTI;
            if (names_vcpus) set_xen_guest_handle(operation.arg2.vcpumask, &this_vcpu);
            expect_equal(mmuext_op(std::span{&operation, 1}), 0);
            expect_equal(seen, 5);
        }
    }},
    {"mmuext_op.set_ldt", "refuses too many entries and bad alignment", [] {
        mmuext_op_t operation{};
        operation.cmd = MMUEXT_SET_LDT;
        operation.arg1.linear_addr = fresh_page().address();
        operation.arg2.nr_ents = 8193;
        expect_equal(mmuext_op(std::span{&operation, 1}), -XEN_EINVAL);
        operation.arg1.linear_addr += 8;
        operation.arg2.nr_ents = 1;
        expect_equal(mmuext_op(std::span{&operation, 1}), -XEN_EINVAL);
        operation.arg2.nr_ents = 0;
        operation.arg1.linear_addr = 0;
        expect_equal(mmuext_op(std::span{&operation, 1}), 0);
    }},
    {"mmuext_op.clear_page", "clears, and refuses tables and strangers", [] {
        Page& page = fresh_page();
        page.words[100] = 1;
        expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, page.mfn()), 0);
        expect_equal(page.words[100], 0);
        expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, root_mfn()), -XEN_EINVAL);
        expect_equal(mmuext_op(MMUEXT_CLEAR_PAGE, 0xffffffffff), -XEN_EINVAL);
    }},
    {"mmuext_op.copy_page", "copies, and refuses to write a table", [] {
        Page& source = fresh_page();
        Page& target = fresh_page();
        source.words[511] = 42;
        mmuext_op_t operation{};
        operation.cmd = MMUEXT_COPY_PAGE;
        operation.arg1.mfn = target.mfn();
        operation.arg2.src_mfn = source.mfn();
        expect_equal(mmuext_op(std::span{&operation, 1}), 0);
        expect_equal(target.words[511], 42);
        operation.arg1.mfn = root_mfn();
        expect_equal(mmuext_op(std::span{&operation, 1}), -XEN_EINVAL);
    }},
    {"mmuext_op", "calls that are none, and super pages", [] {
        expect_equal(mmuext_op(99), -XEN_ENOSYS);
        expect_equal(mmuext_op(MMUEXT_MARK_SUPER, fresh_page().mfn()), -XEN_EOPNOTSUPP);
        expect_equal(mmuext_op(MMUEXT_UNMARK_SUPER, fresh_page().mfn()), -XEN_EOPNOTSUPP);
    }},
    {"mmuext_op", "stops at the first refused call and says how many it made", [] {
        mmuext_op_t operations[3] = {};
        operations[0].cmd = MMUEXT_TLB_FLUSH_LOCAL;
        operations[1].cmd = MMUEXT_PIN_L1_TABLE;
        operations[1].arg1.mfn = 0xffffffffff;
        operations[2].cmd = MMUEXT_TLB_FLUSH_LOCAL;
        unsigned done = 77;
        expect_equal(mmuext_op(operations, &done), -XEN_EINVAL);
        expect_equal(done, 1);
    }},
    {"mmuext_op", "a batch too long for one go is made once, call by call, and says how many it made in all", [] {
        const Tower tower;
        static std::array<mmuext_op_t, 201> operations;
        for (unsigned i = 0; i < operations.size(); ++i) {
            operations[i].cmd = i % 2 ? MMUEXT_UNPIN_TABLE : MMUEXT_PIN_L1_TABLE;
            operations[i].arg1.mfn = tower.level1.mfn();
        }
        unsigned done = 77;
        expect_equal(mmuext_op(operations, &done), 0);
        expect_equal(done, operations.size());
        expect_equal(unpin(tower.level1), 0);
    }},
    {"mmuext_op", "refuses bad pointers and domains", [] {
        expect_equal(hypercall(__HYPERVISOR_mmuext_op, nowhere, 1, nullptr, DOMID_SELF), -XEN_EFAULT);
        expect_equal(mmuext_op(MMUEXT_TLB_FLUSH_LOCAL, 0, 5), -XEN_ESRCH);
        expect_equal(hypercall(__HYPERVISOR_mmuext_op, nullptr, 0, nullptr, DOMID_SELF), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
