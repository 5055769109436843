// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Lists that end half-way: what was done before stays done, and the guest is told how far it got.
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"

// list_with_iret(entries, count): the list is made with a frame on the stack that returns to the kernel, events shut out,
// and rax as the frame has it.
asm(R"(
list_with_iret: mov     %rsp, %rdx
                push    $0xe02b
                push    %rdx
                push    $2
                push    $0xe030
                lea     1f(%rip), %rdx
                push    %rdx
                push    $0
                push    $0
                push    $0
                push    $0x1234
                mov     $13, %eax
                syscall
                ud2
1:              ret
)");
extern "C" std::uint64_t list_with_iret(const void* entries, std::uint64_t count);

namespace kit {
namespace {

constexpr auto beyond_guests = std::to_array<std::uint64_t>({HYPERVISOR_VIRT_START, not_canonical, 0x900000000000});
constexpr std::uint32_t resumed = 1u << 31;      // in a count: the hypervisor's own note
constexpr unsigned version = 4 << 16 | 17;

// Room for a list whose first `there` elements are before the end of what is mapped, and can be written or not.
template <class T>
T* list_before_hole(unsigned there) {
    const auto pages = fresh_pages(2);
    update_va_mapping(&pages[1], 0, UVMF_INVLPG);
    return reinterpret_cast<T*>(&pages[1]) - there;
}

mmu_update_t touch(const Page& page) { return {slot_of(&page).machine(), entry(page.mfn(), kernel_page)}; }
mmu_update_t bad(const Page& page) { return {slot_of(&page).machine(), entry(root_mfn(), kernel_page)}; }
mmuext_op_t flush() {
    mmuext_op_t request{};
    request.cmd = MMUEXT_TLB_FLUSH_LOCAL;
    return request;
}

// 1 to 4 requests, the last of them refused; a count of those before it.
template <class T, std::size_t most>
void tells_how_many(std::array<T, most> good, T refused, Status (*make)(std::span<T>, unsigned*), Status answer) {
    for (std::size_t count = 0; count < most; ++count) {
        auto list = good;
        unsigned done = 77;
        expect_equal(make(std::span{list}.first(count), &done), 0);
        expect_equal(done, count);
        list[count] = refused;
        done = 77;
        expect_equal(make(std::span{list}, &done), answer);
        expect_equal(done, count);
    }
}

// What the call leaves of `done`, whose pages or tables being those of `domains`.
unsigned done_after(unsigned number, Word list, unsigned domains, Status answer) {
    unsigned done = 77;
    expect_equal(hypercall(number, list, 2, &done, domains), answer);
    return done;
}
constexpr unsigned tables_of(unsigned domain) { return (domain + 1) << 16 | DOMID_SELF; }

struct Lent {
    Page& page = fresh_page();
    std::span<Page> windows = fresh_pages(3);
    GrantEntry* grants;
    Lent() {
        static GrantEntry* const first = grants_of(0, fresh_page());
        grants = first;
        give(grants[20], 0, page.mfn());
    }
    gnttab_map_grant_ref_t wish(unsigned window) const {
        gnttab_map_grant_ref_t map{};
        map.host_addr = windows[window].address();
        map.ref = 20;
        map.flags = GNTMAP_host_map;
        map.status = 99;
        return map;
    }
    gnttab_unmap_grant_ref_t end(unsigned window, unsigned handle) const { return {windows[window].address(), 0, handle, 99}; }
    bool is_mapped(unsigned window) const { return mfn_in(slot_of(&windows[window]).value()) == page.mfn(); }
};

constexpr auto table = std::to_array<Case>({
    {"mmu_update", "tells how many were done before one is refused", [] {
        const Page& page = fresh_page();
        std::array<mmu_update_t, 4> good;
        good.fill(touch(page));
        tells_how_many<mmu_update_t>(good, bad(page), [](std::span<mmu_update_t> list, unsigned* done) { return mmu_update(list, done); },
                                     -XEN_EBUSY);
    }},
    {"mmuext_op", "tells how many were done before one is refused", [] {
        std::array<mmuext_op_t, 4> good;
        good.fill(flush());
        mmuext_op_t refused{};
        refused.cmd = MMUEXT_UNPIN_TABLE;
        refused.arg1.mfn = fresh_page().mfn();
        tells_how_many<mmuext_op_t>(good, refused, [](std::span<mmuext_op_t> list, unsigned* done) { return mmuext_op(list, done); },
                                    -XEN_EINVAL);
    }},
    {"mmu_update", "where the list ends to be readable, those before are done", [] {
        Page& page = fresh_page();
        Page& target = fresh_page();
        auto* const list = list_before_hole<mmu_update_t>(2);
        list[0] = touch(page);
        list[1] = {slot_of(&page).machine(), entry(target.mfn(), kernel_page)};
        unsigned done = 77;
        expect_equal(hypercall(__HYPERVISOR_mmu_update, list, 3, &done, DOMID_SELF), -XEN_EFAULT);
        expect_equal(done, 2);
        expect_equal(mfn_in(slot_of(&page).value()), target.mfn());
        auto* const flushes = list_before_hole<mmuext_op_t>(1);
        flushes[0] = flush();
        expect_equal(hypercall(__HYPERVISOR_mmuext_op, flushes, 2, &done, DOMID_SELF), -XEN_EFAULT);
        expect_equal(done, 1);
    }},
    {"mmu_update", "an empty list is done, unless it lies where no list can", [] {
        for (const unsigned number : {__HYPERVISOR_mmu_update, __HYPERVISOR_mmuext_op}) {
            expect_equal(hypercall(number, nowhere, 0, nullptr, DOMID_SELF), 0);
            for (const std::uint64_t address : beyond_guests) {
                expect_equal(hypercall(number, address, 0, nullptr, DOMID_SELF), -XEN_EFAULT);
                expect_equal(hypercall(number, address, 1, nullptr, DOMID_SELF), -XEN_EFAULT);
            }
        }
    }},
    {"mmu_update", "nobody looks whether the number done can be told", [] {
        const Page& page = fresh_page();
        const mmu_update_t update = touch(page);
        mmuext_op_t operation = flush();
        Page& read_only = fresh_page();
        make_read_only(read_only);
        for (const std::uint64_t done : {0ul, nowhere, read_only.address(), std::uint64_t{HYPERVISOR_VIRT_START}}) {
            expect_equal(hypercall(__HYPERVISOR_mmu_update, &update, 1, done, DOMID_SELF), 0);
            expect_equal(hypercall(__HYPERVISOR_mmuext_op, &operation, 1, done, DOMID_SELF), 0);
            expect_equal(bare_hypercall(__HYPERVISOR_mmu_update, &update, 1 | resumed, done, DOMID_SELF), 0);
        }
        expect_equal(read_only.words[0], 0);
    }},
    {"mmu_update", "of a domain that is gone none is done, and that is told", [] {
        const SmallDomain gone(endless_loop);
        if (!expect_equal(gone.trouble, 0)) return;
        const auto frames = gone.frames;
        expect_equal(gone.destroy(), 0);
        const auto windows = fresh_pages(2);
        std::array<mmu_update_t, 2> updates;
        for (unsigned place = 0; place < 2; ++place)
            updates[place] = {slot_of(&windows[place]).machine(), entry(frames[place], kernel_page)};
        expect_equal(done_after(__HYPERVISOR_mmu_update, updates.data(), gone.id, -XEN_ESRCH), 0);
    }},
    {"mmu_update", "where whose pages cannot be known none is done, and that is told; where whose tables, nothing is", [] {
        const Page& page = fresh_page();
        const std::array updates{touch(page), touch(page)};
        std::array operations{flush(), flush()};
        for (const unsigned domain : {nobody, 0u, unsigned{DOMID_INVALID}}) {
            expect_equal(done_after(__HYPERVISOR_mmu_update, updates.data(), domain, -XEN_ESRCH), 0);
            expect_equal(done_after(__HYPERVISOR_mmuext_op, operations.data(), domain, -XEN_ESRCH), 77);
        }
        expect_equal(done_after(__HYPERVISOR_mmu_update, nowhere, nobody, -XEN_ESRCH), 0);
        expect_equal(done_after(__HYPERVISOR_mmu_update, updates.data(), tables_of(nobody), -XEN_ESRCH), 77);
        for (const std::uint64_t list : beyond_guests)
            for (const unsigned number : {__HYPERVISOR_mmu_update, __HYPERVISOR_mmuext_op})
                expect_equal(done_after(number, list, nobody, -XEN_EFAULT), 77);
    }},
    {"mmu_update", "a call that says it is resumed counts on from what it finds", [] {
        const Page& page = fresh_page();
        const mmu_update_t update = touch(page);
        mmuext_op_t operation = flush();
        unsigned done = 5;
        expect_equal(bare_hypercall(__HYPERVISOR_mmu_update, &update, 1 | resumed, &done, DOMID_SELF), 0);
        expect_equal(done, 6);
        expect_equal(bare_hypercall(__HYPERVISOR_mmuext_op, &operation, 1 | resumed, &done, DOMID_SELF), 0);
        expect_equal(done, 7);
        const mmu_update_t refused = bad(page);
        expect_equal(bare_hypercall(__HYPERVISOR_mmu_update, &refused, 1 | resumed, &done, DOMID_SELF), -XEN_EBUSY);
        expect_equal(done, 7);
    }},
    {"multicall", "a call that fails does not end the list", [] {
        std::array<multicall_entry_t, 3> calls{};
        calls[0].op = calls[2].op = __HYPERVISOR_xen_version;
        calls[1].op = __HYPERVISOR_memory_op;
        calls[1].args[0] = XENMEM_current_reservation;
        calls[1].args[1] = nowhere;
        expect_equal(multicall(calls), 0);
        expect_equal(calls[0].result, version);
        expect_equal(calls[1].result, -XEN_EFAULT);
        expect_equal(calls[2].result, version);
    }},
    {"multicall", "numbers that are no call are -ENOSYS", [] {
        for (const std::uint64_t number : {63ul, 64ul, 0xfffffffful, 1ul << 32 | __HYPERVISOR_xen_version, ~0ul}) {
            multicall_entry_t call{};
            call.op = number;
            expect_equal(hypercall(__HYPERVISOR_multicall, &call, 1), 0);
            expect_equal(call.result, -XEN_ENOSYS);
        }
    }},
    {"multicall", "where a result cannot be written the call is made, and the list ends", [] {
        Page& list = fresh_page();
        Page& window = fresh_page();
        Page& target = fresh_page();
        auto* const calls = reinterpret_cast<multicall_entry_t*>(&list);
        for (unsigned place = 0; place < 2; ++place) {
            calls[place].op = __HYPERVISOR_update_va_mapping;
            calls[place].args[0] = window.address();
            calls[place].args[1] = entry(place == 0 ? target.mfn() : window.mfn(), kernel_page);
        }
        make_read_only(list);
        expect_equal(hypercall(__HYPERVISOR_multicall, calls, 2), -XEN_EFAULT);
        expect_equal(mfn_in(slot_of(&window).value()), target.mfn());
        update_va_mapping(&window, entry(window.mfn(), kernel_page), UVMF_INVLPG);
    }},
    {"multicall", "iret takes effect, and ends the list", [] {
        Page& window = fresh_page();
        Page& target = fresh_page();
        std::array<multicall_entry_t, 3> calls{};
        calls[0].op = __HYPERVISOR_xen_version;
        calls[1].op = __HYPERVISOR_iret;
        calls[2].op = __HYPERVISOR_update_va_mapping;
        calls[2].args[0] = window.address();
        calls[2].args[1] = entry(target.mfn(), kernel_page);
        expect_equal(list_with_iret(calls.data(), calls.size()), 0x1234);
        expect_equal(calls[0].result, version);
        expect_equal(mfn_in(slot_of(&window).value()), window.mfn());
    }},
    {"multicall", "an empty list is done, unless it lies where no list can", [] {
        expect_equal(hypercall(__HYPERVISOR_multicall, nowhere, 0), 0);
        for (const std::uint64_t address : beyond_guests)
            for (const unsigned count : {0u, 1u}) expect_equal(hypercall(__HYPERVISOR_multicall, address, count), -XEN_EFAULT);
    }},
    {"grant_table_op.map_grant_ref", "each of a list has its own status", [] {
        const Lent lent;
        std::array maps{lent.wish(0), lent.wish(1), lent.wish(2)};
        maps[1].ref = 21;
        expect_equal(call<rows::grant_table_op, GNTTABOP_map_grant_ref>(maps[0], 3), 0);
        expect_equal(maps[0].status, GNTST_okay);
        expect_equal(maps[1].status, GNTST_general_error);
        expect_equal(maps[2].status, GNTST_okay);
        std::array ends{lent.end(0, maps[0].handle), lent.end(1, 0xffff), lent.end(2, maps[2].handle)};
        expect_equal(call<rows::grant_table_op, GNTTABOP_unmap_grant_ref>(ends[0], 3), 0);
        expect_equal(ends[0].status, GNTST_okay);
        expect_equal(ends[1].status, GNTST_bad_handle);
        expect_equal(ends[2].status, GNTST_okay);
        expect_equal(lent.grants[20].flags, GTF_permit_access);
    }},
    {"grant_table_op.map_grant_ref", "where the list ends to be readable, those before are mapped, and so it is with unmap", [] {
        const Lent lent;
        auto* const maps = list_before_hole<gnttab_map_grant_ref_t>(2);
        maps[0] = lent.wish(0);
        maps[1] = lent.wish(1);
        expect_equal(call<rows::grant_table_op, GNTTABOP_map_grant_ref>(maps[0], 3), -XEN_EFAULT);
        expect(lent.is_mapped(0) && lent.is_mapped(1) && maps[0].status == GNTST_okay && maps[1].status == GNTST_okay);
        auto* const ends = list_before_hole<gnttab_unmap_grant_ref_t>(2);
        ends[0] = lent.end(0, maps[0].handle);
        ends[1] = lent.end(1, maps[1].handle);
        expect_equal(call<rows::grant_table_op, GNTTABOP_unmap_grant_ref>(ends[0], 3), -XEN_EFAULT);
        expect(!lent.is_mapped(0) && !lent.is_mapped(1) && ends[0].status == GNTST_okay && ends[1].status == GNTST_okay);
        expect_equal(lent.grants[20].flags, GTF_permit_access);
    }},
    {"grant_table_op.copy", "a copy whose answer cannot be written is made, and ends the list", [] {
        const Lent lent;
        Page& list = fresh_page();
        lent.page.words[0] = 0x77;
        auto* const copies = reinterpret_cast<gnttab_copy_t*>(&list);
        for (unsigned place = 0; place < 2; ++place) {
            copies[place].source.u.ref = 20;
            copies[place].source.domid = copies[place].dest.domid = DOMID_SELF;
            copies[place].dest.u.gmfn = lent.windows[place].mfn();
            copies[place].len = 8;
            copies[place].flags = GNTCOPY_source_gref;
        }
        make_read_only(list);
        expect_equal(call<rows::grant_table_op, GNTTABOP_copy>(copies[0], 2), -XEN_EFAULT);
        expect_equal(lent.windows[0].words[0], 0x77);
        expect_equal(lent.windows[1].words[0], 0);
    }},
    {"grant_table_op.map_grant_ref", "a mapping whose answer cannot be written stays, and ends the list", [] {      // and so it is the last case
        const Lent lent;
        Page& list = fresh_page();
        auto* const maps = reinterpret_cast<gnttab_map_grant_ref_t*>(&list);
        maps[0] = lent.wish(0);
        maps[1] = lent.wish(1);
        make_read_only(list);
        expect_equal(call<rows::grant_table_op, GNTTABOP_map_grant_ref>(maps[0], 2), -XEN_EFAULT);
        expect(lent.is_mapped(0) && !lent.is_mapped(1));
        expect_equal(lent.grants[20].flags, GTF_permit_access | grant_in_use);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
