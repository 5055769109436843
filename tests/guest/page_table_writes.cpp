// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A kernel may write level-1 entries with ordinary instructions: the write faults, is checked, and is done for it.
#include "kit/case.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

// The page whose mapping the cases change, and its entry, seen through the read-only mapping of the table.
struct Window {
    Page& page = fresh_page();
    volatile std::uint64_t& word = *slot_of(&page).word();
    std::uint64_t good = entry(page.mfn(), kernel_page);
    Window() { remap(page, kernel_page); }     // the entries the domain was started with may carry marks of the builder
    std::uint64_t value() const { return word & ~global; }     // Xen adds the global bit to user mappings
    bool is(std::uint64_t expected, Location where = Location::current()) const {
        return expect_equal(value(), expected, where);
    }
};

constexpr auto table = std::to_array<Case>({
    {in_words("page-table write"), "mov of 8 bytes", [] {
        Window window;
        window.word = window.good & ~writable;
        window.is(window.good & ~writable);
        mmuext_op(MMUEXT_TLB_FLUSH_LOCAL);
        expect_fault(fault_of([&] { window.page.words[0] = 1; }), 14, 3);
        window.word = window.good;
        expect(!fault_of([&] { window.page.words[0] = 1; }));
    }},
    {in_words("page-table write"), "mov of 1, 2 and 4 bytes", [] {
        Window window;
        const volatile auto* place = &window.word;
        asm volatile("movb %1, %0" : "=m"(*reinterpret_cast<std::uint8_t*>(slot_of(&window.page).word())) : "q"(std::uint8_t(read_only_page)));
        expect_equal(*place & 0xff, read_only_page);
        asm volatile("movw %1, %0" : "=m"(*reinterpret_cast<std::uint16_t*>(slot_of(&window.page).word())) : "r"(std::uint16_t(window.good)));
        window.is(window.good);
        asm volatile("movl %1, %0" : "=m"(*reinterpret_cast<std::uint32_t*>(slot_of(&window.page).word())) : "r"(std::uint32_t(window.good & ~writable)));
        window.is(window.good & ~writable);
        asm volatile("movl $0, 4%0" : "+m"(*slot_of(&window.page).word()));
    }},
    {in_words("page-table write"), "a constant is stored", [] {
        Window window;
        asm volatile("movq $0, %0" : "=m"(window.word));
        window.is(0);
    }},
    {in_words("page-table write"), "instructions that differ in their last bytes alone are told apart", [] {
        Window window;
        const std::uint64_t base = reinterpret_cast<std::uint64_t>(slot_of(&window.page).word()) - 0x100;
        for (unsigned i = 0; i < 2; ++i) {
            asm volatile("movq $0x11000, 0x100(%0)" :: "r"(base) : "memory");      // not present: any value
            window.is(0x11000);
            asm volatile("movq $0x22000, 0x100(%0)" :: "r"(base) : "memory");
            window.is(0x22000);
        }
    }},
    {in_words("page-table write"), "lock and of one byte takes the write permission away", [] {
        Window window;
        asm volatile("lock andb $0xfd, %0" : "+m"(*reinterpret_cast<std::uint8_t*>(slot_of(&window.page).word())));
        window.is(window.good & ~writable);
    }},
    {in_words("page-table write"), "and, or, xor, add, sub with a register", [] {
        Window window;
        asm volatile("andq %1, %0" : "+m"(window.word) : "r"(~writable));
        window.is(window.good & ~writable);
        asm volatile("orq %1, %0" : "+m"(window.word) : "r"(writable));
        window.is(window.good);
        asm volatile("xorq %1, %0" : "+m"(window.word) : "r"(writable));
        window.is(window.good & ~writable);
        asm volatile("lock addq %1, %0" : "+m"(window.word) : "r"(writable));
        window.is(window.good);
        asm volatile("subq %1, %0" : "+m"(window.word) : "r"(writable));
        window.is(window.good & ~writable);
    }},
    {in_words("page-table write"), "and sets the flags of its result", [] {
        Window window;
        bool zero = false, sign = true;
        asm volatile("andq %3, %0" : "+m"(window.word), "=@ccz"(zero), "=@ccs"(sign) : "r"(0ull));
        expect(zero);
        expect(!sign);
    }},
    {in_words("page-table write"), "xchg gives the old entry back", [] {
        Window window;
        std::uint64_t value = 0;
        asm volatile("xchg %0, %1" : "+r"(value), "+m"(window.word));
        expect_equal(value & ~global, window.good);
        window.is(0);
        value = window.good;
        asm volatile("xchg %0, %1" : "+r"(value), "+m"(window.word));
        expect_equal(value, 0);
        window.is(window.good);
    }},
    {in_words("page-table write"), "lock cmpxchg exchanges when equal", [] {
        Window window;
        std::uint64_t old = window.word;
        bool equal = false;
        asm volatile("lock cmpxchg %3, %0" : "+m"(window.word), "+a"(old), "=@ccz"(equal) : "r"(window.good & ~writable));
        expect(equal);
        window.is(window.good & ~writable);
    }},
    {in_words("page-table write"), "lock cmpxchg says what is there when not equal", [] {
        Window window;
        std::uint64_t old = 12345;
        bool equal = true;
        asm volatile("lock cmpxchg %3, %0" : "+m"(window.word), "+a"(old), "=@ccz"(equal) : "r"(0ull));
        expect(!equal);
        expect_equal(old & ~global, window.good);
        window.is(window.good);
    }},
    {in_words("page-table write"), "lock bts and btr answer in the carry flag", [] {
        Window window;
        bool was = false;
        asm volatile("lock btrq $1, %0" : "+m"(window.word), "=@ccc"(was));
        expect(was);
        window.is(window.good & ~writable);
        asm volatile("lock btsq %2, %0" : "+m"(window.word), "=@ccc"(was) : "r"(1ull));
        expect(!was);
        window.is(window.good);
        asm volatile("btcq $1, %0" : "+m"(window.word), "=@ccc"(was));
        expect(was);
        window.is(window.good & ~writable);
    }},
    {in_words("page-table write"), "an offset in the bit string reaches the right entry", [] {
        Page& first = fresh_pages(2)[0];
        const Slot slot = slot_of(&first);
        Page& second = *(&first + 1);
        if (slot_of(&second).table_mfn != slot.table_mfn) return skip("the pages straddle two tables");
        asm volatile("lock btrq %1, %0" : "+m"(*slot.word()) : "r"(64ull + 1) : "memory");
        expect_equal(slot_of(&second).value() & writable, 0);
        expect_equal(slot.value() & writable, writable);
    }},
    {in_words("page-table write"), "lock xadd gives the old entry and adds", [] {
        Window window;
        window.word = window.good & ~writable;
        std::uint64_t value = writable;
        asm volatile("lock xadd %0, %1" : "+r"(value), "+m"(window.word));
        expect_equal(value & ~global, window.good & ~writable);
        window.is(window.good);
    }},
    {in_words("page-table write"), "stos writes entries one by one", [] {
        Page& first = fresh_pages(2)[0];
        void* place = slot_of(&first).word();
        std::uint64_t count = 2;
        asm volatile("cld; rep stosq" : "+D"(place), "+c"(count) : "a"(0ull) : "memory");
        expect_equal(count, 0);
        expect_equal(slot_of(&first).value(), 0);
        expect_equal(slot_of(&first + 1).value(), 0);
    }},
    {in_words("page-table write"), "a refused entry is the kernel's page fault, and nothing changed", [] {
        Window window;
        const auto fault = fault_of([&] { window.word = entry(root_mfn(), kernel_page); });
        if (expect_fault(fault, 14, 3)) expect_equal(fault->address, reinterpret_cast<std::uint64_t>(&window.word));
        window.is(window.good);
        expect_fault(fault_of([&] { window.word = entry(0xffffffffff, kernel_page); }), 14, 3);
        window.is(window.good);
    }},
    {in_words("page-table write"), "the same entry read-only is taken", [] {
        Window window;
        expect(!fault_of([&] { window.word = entry(root_mfn(), read_only_page); }));
        window.is(entry(root_mfn(), read_only_page));
    }},
    {in_words("page-table write"), "higher levels are not written this way", [] {
        volatile std::uint64_t& word = *slot_of(image_base, 2).word();
        expect_fault(fault_of([&] { word = word; }), 14, 3);
        volatile std::uint64_t& top = *slot_of(image_base, 4).word();
        expect_fault(fault_of([&] { top = top; }), 14, 3);
    }},
    {in_words("page-table write"), "a write across two entries is refused", [] {
        Window window;
        expect_fault(fault_of([&] { asm volatile("movq %1, 4%0" : "+m"(window.word) : "r"(0ull) : "memory"); }), 14, 3);
        window.is(window.good);
    }},
    {in_words("page-table write"), "a table that is pinned but not in use is written too", [] {
        Page& page_table = fresh_table();
        Page& target = fresh_page();
        expect_equal(mmuext_op(MMUEXT_PIN_L1_TABLE, page_table.mfn()), 0);
        volatile std::uint64_t& word = page_table.words[9];
        expect(!fault_of([&] { word = entry(target.mfn(), kernel_page); }));
        expect_equal(word & ~global, entry(target.mfn(), kernel_page));
        expect_equal(mmuext_op(MMUEXT_UNPIN_TABLE, page_table.mfn()), 0);
    }},
    {in_words("page-table write"), "a read-only page that is no table stays read-only", [] {
        Page& page = fresh_page();
        make_read_only(page);
        volatile std::uint64_t& word = page.words[0];
        expect_fault(fault_of([&] { word = 0; }), 14, 3);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
