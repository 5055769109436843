// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Copies from and to granted pages: whose, how much, and what is refused.
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

constexpr unsigned reference = 20;

GrantEntry& own_entry() {
    static GrantEntry* const grants = grants_of(0, fresh_page());
    return grants[reference];
}

// Eight bytes of a page of ours that is granted to us, to another.
struct Copy {
    Page& from = fresh_page();
    Page& to = fresh_page();
    gnttab_copy_t request{};

    Copy() {
        give(own_entry(), 0, from.mfn());
        request.source.u.ref = reference;
        request.dest.u.gmfn = to.mfn();
        request.source.domid = request.dest.domid = DOMID_SELF;
        request.len = 8;
        request.flags = GNTCOPY_source_gref;
    }
    ~Copy() { own_entry().flags = 0; }

    void from_frame(std::uint64_t frame, unsigned domain = DOMID_SELF) {
        request.flags = 0;
        request.source.u.gmfn = frame;
        request.source.domid = static_cast<domid_t>(domain);
    }
    void expect_status(int status, Location where = Location::current()) {
        expect_equal(grant<GNTTABOP_copy>(request), 0, where);
        expect_equal(request.status, status, where);
        expect_equal(own_entry().flags & grant_in_use, 0, where);
    }
};

struct Copied : SmallDomain {
    Copied() : SmallDomain(endless_loop) { expect_equal(trouble, 0); }
    ~Copied() { expect_equal(destroy(), 0); }
};

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.copy", "0 to 4096 bytes, which cross the end of no page", [] {
        struct Size { unsigned from, to, length; bool fits; };
        for (const auto [from, to, length, fits] :
             {Size{0, 0, 0, true}, Size{0, 0, 4096, true}, Size{0, 0, 4097, false}, Size{0, 0, 0xffff, false},
              Size{4096, 4096, 0, true}, Size{4097, 0, 0, false}, Size{0, 4097, 0, false}, Size{4095, 0, 1, true},
              Size{4095, 0, 2, false}, Size{0, 4095, 1, true}, Size{0, 4095, 2, false}, Size{0xffff, 0, 0xffff, false}}) {
            Copy copy;
            copy.request.source.offset = static_cast<std::uint16_t>(from);
            copy.request.dest.offset = static_cast<std::uint16_t>(to);
            copy.request.len = static_cast<std::uint16_t>(length);
            copy.expect_status(fits ? GNTST_okay : GNTST_bad_copy_arg);
        }
    }},
    {"grant_table_op.copy", "between two pages of one's own, and within one", [] {
        Copy copy;
        copy.from.words[0] = 1;
        copy.from.words[1] = 2;
        copy.from_frame(copy.from.mfn());
        copy.expect_status(GNTST_okay);
        expect_equal(copy.to.words[0], 1);
        copy.request.dest.u.gmfn = copy.from.mfn();
        copy.request.dest.offset = 16;
        copy.request.len = 16;
        copy.expect_status(GNTST_okay);
        expect_equal(copy.from.words[2], 1);
        expect_equal(copy.from.words[3], 2);
    }},
    {"grant_table_op.copy", "between another domain's grants and one's own pages", [] {
        const Copied other;
        Copy copy;
        GrantEntry* const theirs = grants_of(other.id, fresh_page());
        if (theirs == nullptr) return;
        give(theirs[reference], 0, other.frames[SmallDomain::data]);
        other.write(SmallDomain::data, 0, 0xabc);
        copy.request.source.domid = static_cast<domid_t>(other.id);
        copy.expect_status(GNTST_okay);
        expect_equal(copy.to.words[0], 0xabc);
        copy.request.flags = GNTCOPY_source_gref | GNTCOPY_dest_gref;           // from one entry to another
        copy.request.source.domid = DOMID_SELF;
        copy.request.dest.domid = static_cast<domid_t>(other.id);
        copy.request.dest.u.ref = reference;
        copy.from.words[0] = 0xdef;
        copy.expect_status(GNTST_okay);
        expect_equal(other.read(SmallDomain::data, 0), 0xdef);
        give(theirs[reference], 0, other.frames[SmallDomain::data], GTF_readonly);
        copy.expect_status(GNTST_general_error);
        theirs[reference].flags = 0;
        copy.expect_status(GNTST_general_error);
    }},
    {"grant_table_op.copy", "refuses domains that are none", [] {
        for (const unsigned id : {nobody, unsigned{DOMID_IO}, unsigned{DOMID_XEN}}) {
            Copy copy;
            copy.request.source.domid = static_cast<domid_t>(id);
            copy.expect_status(GNTST_bad_domain);
            copy.request.source.domid = DOMID_SELF;
            copy.request.dest.domid = static_cast<domid_t>(id);
            if (id == nobody) copy.expect_status(GNTST_bad_domain);
        }
    }},
    {"grant_table_op.copy", "refuses another domain's frames, named by number or as one's own", [] {
        const Copied other;
        const std::uint64_t theirs = other.frames[SmallDomain::data];
        Copy copy;
        copy.from_frame(theirs, other.id);
        copy.expect_status(GNTST_permission_denied);
        copy.from_frame(copy.from.mfn(), 0);                                    // its own number is not DOMID_SELF
        copy.expect_status(GNTST_permission_denied);
        copy.from_frame(theirs);
        copy.expect_status(GNTST_bad_page);
        Copy back;
        back.request.dest.u.gmfn = theirs;
        back.expect_status(GNTST_bad_page);
        back.request.dest.domid = static_cast<domid_t>(other.id);
        back.expect_status(GNTST_permission_denied);
    }},
    {"grant_table_op.copy", "refuses frames that are no memory, and to write a page table", [] {
        for (const std::uint64_t frame : {0xb8ul, 0xfee00ul, 0xfffffffffful, ~0ul}) {
            Copy copy;
            copy.request.dest.u.gmfn = frame;
            copy.expect_status(GNTST_bad_page);
            copy.from_frame(frame);
            copy.expect_status(GNTST_bad_page);
            give(own_entry(), 0, frame & 0xffffffff);
            Copy granted;
            give(own_entry(), 0, frame & 0xffffffff);
            granted.expect_status(GNTST_bad_page);
        }
        Copy copy;
        copy.request.dest.u.gmfn = root_mfn();
        copy.expect_status(GNTST_general_error);
        copy.from_frame(root_mfn());
        copy.request.dest.u.gmfn = copy.to.mfn();
        copy.expect_status(GNTST_okay);                                         // reading one is harmless
        expect_equal(copy.to.words[0], page_of(root_mfn()).words[0]);
    }},
    {"grant_table_op.copy", "refuses entries that there are not, or that are not for the caller", [] {
        Copy copy;
        for (const unsigned beyond : {64u * 512, ~0u}) {
            copy.request.source.u.ref = beyond;
            copy.expect_status(GNTST_bad_gntref);
        }
        copy.request.source.u.ref = reference + 1;
        copy.expect_status(GNTST_general_error);
        copy.request.source.u.ref = reference;
        give(own_entry(), 5, copy.from.mfn());
        copy.expect_status(GNTST_general_error);
        own_entry().flags = GTF_accept_transfer;
        copy.expect_status(GNTST_general_error);
    }},
    {"grant_table_op.copy", "each of a list has its own status", [] {
        Copy copy;
        std::array<gnttab_copy_t, 3> list{copy.request, copy.request, copy.request};
        list[1].len = 4097;
        copy.from.words[0] = 7;
        expect_equal(call<rows::grant_table_op, GNTTABOP_copy>(list[0], 3), 0);
        expect_equal(list[0].status, GNTST_okay);
        expect_equal(list[1].status, GNTST_bad_copy_arg);
        expect_equal(list[2].status, GNTST_okay);
        expect_equal(copy.to.words[0], 7);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
