// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What is refused of grants, by its status or by the call: every reason, at every bound. How a mapping ends is grant_ends.cpp's.
#include "kit/case.hpp"
#include "kit/lent.hpp"
#include "kit/small_domain.hpp"
#include "kit/twin.hpp"

asm(R"(
        .section .rodata
grant_errors_map:                               # maps the grant that is described from word 4 of its data page on
        mov     $0xffffffff80001000, %rbx
        xor     %edi, %edi                      # GNTTABOP_map_grant_ref
        lea     32(%rbx), %rsi
        mov     $1, %edx
        mov     $20, %eax
        syscall
        mov     %rax, 8(%rbx)
        movq    $1, (%rbx)
1:      jmp     1b
grant_errors_end:
        .previous
)");
extern "C" const std::byte grant_errors_map[], grant_errors_end[];

namespace kit {
namespace {

void expect_map(gnttab_map_grant_ref_t map, int status, Location where = Location::current()) {
    expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0, where);
    expect_equal(map.status, status, where);
}

// Eight bytes of the granted page to the window, which is a page of ours.
gnttab_copy_t copy_of(const Lent& lent) {
    gnttab_copy_t copy{};
    copy.source.u.ref = reference;
    copy.dest.u.gmfn = lent.window.mfn();
    copy.source.domid = copy.dest.domid = DOMID_SELF;
    copy.len = 8;
    copy.flags = GNTCOPY_source_gref;
    return copy;
}
void expect_copy(gnttab_copy_t copy, int status, Location where = Location::current()) {
    expect_equal(grant<GNTTABOP_copy>(copy), 0, where);
    expect_equal(copy.status, status, where);
}

Status setup(unsigned domain, unsigned frames, xen_pfn_t* list, int status) {
    gnttab_setup_table_t request{};
    request.dom = static_cast<domid_t>(domain);
    request.nr_frames = frames;
    set_xen_guest_handle(request.frame_list, list);
    const Status answer = grant<GNTTABOP_setup_table>(request);
    if (answer == 0) expect_equal(request.status, status);
    return answer;
}
xen_pfn_t* list_at(std::uint64_t address) { return reinterpret_cast<xen_pfn_t*>(address); }

struct Granter : SmallDomain {
    explicit Granter(int mapping_frames = -1) : SmallDomain({grant_errors_map, grant_errors_end}, mapping_frames) {
        expect_equal(trouble, 0);
    }
    ~Granter() { expect_equal(destroy(), 0); }
};

std::array<volatile std::uint64_t, 2> answered;

void twin_asks() {
    start_memory(start);
    start_traps();
    gnttab_query_size_t query{};            // of Dom0
    expect_equal(grant<GNTTABOP_query_size>(query), 0);
    answered[0] = static_cast<std::uint64_t>(query.status);
    gnttab_setup_table_t table{};
    expect_equal(grant<GNTTABOP_setup_table>(table), 0);
    answered[1] = static_cast<std::uint64_t>(table.status);
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

constexpr auto table = std::to_array<Case>({
    {"grant_table_op", "counts of 2^31 and more, and commands of more than 12 bits, are refused", [] {
        for (const unsigned command : {GNTTABOP_map_grant_ref, GNTTABOP_copy, GNTTABOP_query_size, 99}) {
            for (const unsigned count : {1u << 31, ~0u}) expect_equal(untyped::grant_table_op(command, nowhere, count), -XEN_EINVAL);
            expect_equal(untyped::grant_table_op(command | 1 << 12, nowhere, 1), -XEN_EINVAL);
        }
    }},
    {"grant_table_op", "an empty list is done, unless it lies where no list can", [] {
        for (const unsigned command : {GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref, GNTTABOP_unmap_and_replace, GNTTABOP_copy}) {
            expect_equal(untyped::grant_table_op(command, nowhere, 0), 0);
            expect_equal(untyped::grant_table_op(command, HYPERVISOR_VIRT_START, 0), -XEN_EFAULT);
            expect_equal(untyped::grant_table_op(command, not_canonical, 0), -XEN_EFAULT);
        }
    }},
    {"grant_table_op.setup_table", "is about one table, and so is query_size; versions are not counted", [] {
        gnttab_setup_table_t table{};
        gnttab_query_size_t query{};
        for (const unsigned count : {0u, 2u}) {
            expect_equal(call<rows::grant_table_op, GNTTABOP_setup_table>(table, count), -XEN_EINVAL);
            expect_equal(call<rows::grant_table_op, GNTTABOP_query_size>(query, count), -XEN_EINVAL);
            gnttab_get_version_t get{};
            gnttab_set_version_t set{1};
            expect_equal(call<rows::grant_table_op, GNTTABOP_get_version>(get, count), 0);
            expect_equal(call<rows::grant_table_op, GNTTABOP_set_version>(set, count), 0);
        }
    }},
    {"grant_table_op.setup_table", "takes 0 to 64 frames, and a list that can be written", [] {
        static std::array<xen_pfn_t, 65> frames;
        expect_equal(setup(DOMID_SELF, 0, list_at(nowhere), GNTST_okay), 0);
        expect_equal(setup(DOMID_SELF, 2, list_at(nowhere), GNTST_bad_virt_addr), 0);
        Page& page = fresh_page();
        make_read_only(page);
        expect_equal(setup(DOMID_SELF, 2, list_at(page.address()), GNTST_bad_virt_addr), 0);
        expect_equal(setup(DOMID_SELF, 2, list_at(HYPERVISOR_VIRT_START), GNTST_okay), -XEN_EFAULT);
        expect_equal(setup(DOMID_SELF, 2, list_at(not_canonical), GNTST_okay), -XEN_EFAULT);
        expect_equal(setup(DOMID_SELF, 65, frames.data(), GNTST_general_error), 0);
        expect_equal(setup(DOMID_SELF, ~0u, frames.data(), GNTST_general_error), 0);
        expect_equal(setup(DOMID_SELF, 64, frames.data(), GNTST_okay), 0);
        expect_equal(frames[64], 0);
        for (const unsigned id : {nobody, unsigned{DOMID_IO}, unsigned{DOMID_XEN}}) {
            expect_equal(setup(id, 1, frames.data(), GNTST_bad_domain), 0);
            gnttab_query_size_t query{};
            query.dom = static_cast<domid_t>(id);
            expect_equal(grant<GNTTABOP_query_size>(query), 0);
            expect_equal(query.status, GNTST_bad_domain);
        }
    }},
    {"grant_table_op.set_version", "takes 1 only, and tells it in any case", [] {
        for (const unsigned version : {0u, 3u, ~0u}) {
            gnttab_set_version_t request{version};
            expect_equal(grant<GNTTABOP_set_version>(request), -XEN_EINVAL);
            expect_equal(request.version, 1);
        }
        if (on_stock_xen()) return;              // it has version 2, and would give the table that form
        gnttab_set_version_t request{2};
        expect_equal(grant<GNTTABOP_set_version>(request), -XEN_ENOSYS);
        expect_equal(request.version, 1);
    }},
    {"grant_table_op.query_size", "Dom0 asks about any domain, others about themselves", [] {
        const Granter other;
        gnttab_query_size_t query{};
        query.dom = static_cast<domid_t>(other.id);
        expect_equal(grant<GNTTABOP_query_size>(query), 0);
        expect_equal(query.status, GNTST_okay);
        expect_equal(query.max_nr_frames, 64);
        gnttab_get_version_t version{};
        version.dom = static_cast<domid_t>(other.id);
        expect_equal(grant<GNTTABOP_get_version>(version), 0);
        expect_equal(version.version, 1);
        const Twin twin(twin_asks);
        if (!expect_equal(twin.trouble, 0)) return;
        expect_equal(twin.start(), 0);
        expect_equal(twin.ended(), SHUTDOWN_poweroff);
        for (const auto& answer : answered)
            expect_equal(static_cast<std::int64_t>(twin.read(answer)), GNTST_permission_denied);
        note_answers_of(twin);
        expect_equal(twin.destroy(), 0);
    }},
    {"grant_table_op.map_grant_ref", "refuses domains that are none, and DOMID_SELF", [] {
        const Lent lent;
        for (const unsigned id : {nobody, unsigned{DOMID_SELF}, unsigned{DOMID_IO}, unsigned{DOMID_XEN}}) {
            auto map = lent.wish();
            map.dom = static_cast<domid_t>(id);
            expect_map(map, GNTST_bad_domain);
        }
    }},
    {"grant_table_op.map_grant_ref", "refuses entries beyond the table, and what nobody has granted", [] {
        const Lent lent;
        const Granter other;
        const auto first = [&](unsigned domain) {
            gnttab_query_size_t query{};
            query.dom = static_cast<domid_t>(domain);
            expect_equal(grant<GNTTABOP_query_size>(query), 0);
            return query.nr_frames * 512;
        };
        for (const unsigned domain : {0u, other.id}) {
            auto map = lent.wish();
            map.dom = static_cast<domid_t>(domain);
            for (map.ref = first(domain); map.ref != 0; map.ref = map.ref == ~0u ? 0 : ~0u) expect_map(map, GNTST_bad_gntref);
            map.ref = first(domain) - 1;
            expect_map(map, GNTST_general_error);
        }
        for (const unsigned flags : {0u, unsigned{GNTMAP_readonly}}) expect_map(lent.wish(flags), GNTST_bad_gntref);
    }},
    {"grant_table_op.map_grant_ref", "refuses what is granted to others, for reading only, or for a transfer", [] {
        const Lent lent(GTF_readonly);
        expect_map(lent.wish(), GNTST_general_error);
        give(lent.grants[reference], 1, lent.page.mfn());
        expect_map(lent.wish(), GNTST_general_error);
        give(lent.grants[reference], 0, lent.page.mfn());
        lent.grants[reference].flags = GTF_accept_transfer;
        expect_map(lent.wish(), GNTST_general_error);
        expect_equal(lent.grants[reference].flags, GTF_accept_transfer);
    }},
    {"grant_table_op.map_grant_ref", "refuses frames that are not the granter's memory, and page tables", [] {
        const Lent lent;
        const Granter other;
        for (const std::uint64_t frame : {0xfffffffful, 0xb8ul, 0xfee00ul, std::uint64_t{other.frames[SmallDomain::data]}})
            for (const unsigned flags : {0u, unsigned{GNTMAP_readonly}}) {
                give(lent.grants[reference], 0, frame);
                expect_map(lent.wish(GNTMAP_host_map | flags), GNTST_bad_page);
                expect_equal(lent.grants[reference].flags, GTF_permit_access);
            }
        give(lent.grants[reference], 0, root_mfn());
        expect_map(lent.wish(), GNTST_general_error);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op.map_grant_ref", "a frame that is shared with the hypervisor is nobody's to lend", [] {
        if (on_stock_xen()) return skip("stock Xen lends them; Basalt keeps a granter's table by frames on its account");
        const Lent lent;
        xen_pfn_t frame = 0;
        setup(DOMID_SELF, 1, &frame, GNTST_okay);
        give(lent.grants[reference], 0, frame);
        expect_map(lent.wish(), GNTST_general_error);
        expect_copy(copy_of(lent), GNTST_general_error);
    }},
    {"grant_table_op.map_grant_ref", "any address in the page will do, if the page has a level-1 entry", [] {
        const Lent lent;
        auto map = lent.wish();
        map.host_addr += 4095;
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_okay);
        expect_unmap(map.handle, lent.window.address(), 0, GNTST_okay);
        for (const std::uint64_t address : unreachable) {
            map.host_addr = address;
            expect_map(map, GNTST_general_error);
        }
        map = lent.wish(GNTMAP_host_map | GNTMAP_contains_pte);
        const std::uint64_t place = map.host_addr;
        for (const std::uint64_t address : {place + 4, lent.page.machine(), 0xffffffffff000ul, slot_of(&lent.window, 2).machine()}) {
            map.host_addr = address;
            expect_map(map, GNTST_general_error);
        }
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op.map_grant_ref", "a domain that may map nothing has no room for a mapping", [] {
        const Lent lent;
        const Granter other(0);
        give(lent.grants[reference], other.id, lent.page.mfn());
        other.write(SmallDomain::data, 4, image_base + 2 * page_size);
        other.write(SmallDomain::data, 5, GNTMAP_host_map | std::uint64_t{reference} << 32);
        expect_equal(other.start(), 0);
        while (other.read(SmallDomain::data, 0) == 0 && !other.has_ended()) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(other.read(SmallDomain::data, 1), 0);
        const auto status = static_cast<std::int16_t>(other.read(SmallDomain::data, 6) >> 16);
        if (expect_equal(status, GNTST_no_space)) note_status(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, status);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op", "what is left out answers so", [] {
        if (on_stock_xen()) return skip("stock Xen has transfer, status frames and swap_grant_ref, and flushes caches");
        for (const unsigned command : {GNTTABOP_dump_table, GNTTABOP_transfer, GNTTABOP_get_status_frames, GNTTABOP_swap_grant_ref})
            expect_equal(untyped::grant_table_op(command, nowhere, 1), -XEN_ENOSYS);
        expect_equal(untyped::grant_table_op(GNTTABOP_cache_flush, nowhere, 1), -XEN_EOPNOTSUPP);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
