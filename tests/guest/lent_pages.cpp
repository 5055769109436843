// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Pages granted from one domain to another, and the end of either while they are mapped.
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"

asm(R"(
        .section .rodata
lent_borrow:                                    # maps the grant that is described from word 4 of its data page on,
        mov     $0xffffffff80001000, %rbx       # answers its word 0 in word 2, and says in word 0 that it has
        xor     %edi, %edi                      # GNTTABOP_map_grant_ref
        lea     32(%rbx), %rsi
        mov     $1, %edx
        mov     $20, %eax
        syscall
        mov     $0xffffffff80002000, %rcx
        mov     (%rcx), %rax
        mov     %rax, 16(%rbx)
        movq    $0x600d, 8(%rcx)
        movq    $1, (%rbx)
1:      jmp     1b
lent_spin:
1:      jmp     1b
lent_end:
        .previous
)");
extern "C" const std::byte lent_borrow[], lent_spin[], lent_end[];

namespace kit {
namespace {

constexpr std::uint64_t borrowed_at = image_base + 2 * page_size;
constexpr unsigned reference = 20;

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.map_grant_ref", "a domain maps a page of Dom0's, and lets it go when it is ended", [] {
        const SmallDomain other({lent_borrow, lent_end});
        if (!expect_equal(other.trouble, 0)) return;
        auto* const grants = grants_of(0, fresh_page());
        if (grants == nullptr) return;
        Page& page = fresh_page();
        page.words[0] = 0xbeef;
        give(grants[reference], other.id, page.mfn());
        other.write(SmallDomain::data, 4, borrowed_at);
        other.write(SmallDomain::data, 5, GNTMAP_host_map | std::uint64_t{reference} << 32);
        expect_equal(other.start(), 0);
        while (other.read(SmallDomain::data, 0) == 0 && !(other.info().flags & XEN_DOMINF_shutdown))
            call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(other.read(SmallDomain::data, 6) >> 16 & 0xffff, GNTST_okay);
        expect_equal(other.read(SmallDomain::data, 2), 0xbeef);
        expect_equal(page.words[1], 0x600d);
        expect_equal(grants[reference].flags, GTF_permit_access | grant_in_use);
        expect_audit_agrees();
        expect_equal(other.destroy(), 0);
        expect_equal(grants[reference].flags, GTF_permit_access);
        expect_audit_agrees();
        grants[reference].flags = 0;
    }},
    {"grant_table_op.map_grant_ref", "a page of an ended domain lives until Dom0 unmaps it, and its domain too", [] {
        const SmallDomain other({lent_spin, lent_end});
        if (!expect_equal(other.trouble, 0)) return;
        auto* const grants = grants_of(other.id, fresh_page());
        if (grants == nullptr) return;
        give(grants[reference], 0, other.frames[SmallDomain::data]);
        other.write(SmallDomain::data, 3, 0xcafe);
        Page& window = fresh_page();
        gnttab_map_grant_ref_t map{};
        map.host_addr = window.address();
        map.flags = GNTMAP_host_map;
        map.ref = reference;
        map.dom = static_cast<domid_t>(other.id);
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_okay);
        expect_equal(window.words[3], 0xcafe);
        expect_audit_agrees();
        expect_equal(other.destroy(), 0);
        window.words[3] = 1;
        expect((other.info().flags & XEN_DOMINF_dying) != 0);
        expect_audit_agrees();
        gnttab_unmap_grant_ref_t unmap{};
        unmap.host_addr = window.address();
        unmap.handle = map.handle;
        expect_equal(grant<GNTTABOP_unmap_grant_ref>(unmap), 0);
        expect_equal(unmap.status, GNTST_okay);
        expect_audit_agrees();
    }},
});

}
constinit const std::span<const Case> cases = table;
}
