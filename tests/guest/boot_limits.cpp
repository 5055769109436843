// RUN: %boot-guest --cpus 2 --options 'dom0_max_vcpus=2 dom0_vcpus_pin gnttab_max_frames=70 gnttab_max_maptrack_frames=8' | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What the command line says of domains: how large their grant tables may become, and where Dom0's vcpus run.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/grants.hpp"
#include "kit/other_domain.hpp"
#include "kit/ports.hpp"

namespace kit {
namespace {

constexpr int most_frames = 70, most_mapping_frames = 8;

gnttab_query_size_t size_for(unsigned domain) {
    gnttab_query_size_t query{};
    query.dom = static_cast<domid_t>(domain);
    expect_equal(grant<GNTTABOP_query_size>(query), 0);
    return query;
}

struct Wish {
    int frames, mapping_frames;
};
// The limit that the domain then has; 0: it was refused.
unsigned frames_of_one_with(Wish wish) {
    xen_domctl_t request{};
    request.u.createdomain = {.max_vcpus = 1, .max_evtchn_port = 1023, .max_grant_frames = wish.frames,
                              .max_maptrack_frames = wish.mapping_frames, .grant_opts = XEN_DOMCTL_GRANT_version(1)};
    const Status status = domctl(XEN_DOMCTL_createdomain, 0, request);
    if (status != 0) {
        expect_equal(status, -XEN_EINVAL);
        return 0;
    }
    const OtherDomain made{.id = request.domain};
    const unsigned most = size_for(made.id).max_nr_frames;
    expect_equal(made.destroy(), 0);
    return most;
}

unsigned cpus_of(unsigned vcpu) {
    std::uint8_t map = 0;
    xen_domctl_t request{};
    auto& wish = request.u.vcpuaffinity;
    wish.vcpu = vcpu;
    wish.flags = XEN_VCPUAFFINITY_HARD;
    wish.cpumap_hard.nr_bits = 8;
    set_xen_guest_handle(wish.cpumap_hard.bitmap, &map);
    expect_equal(domctl(XEN_DOMCTL_getvcpuaffinity, 0, request), 0);
    return map;
}

unsigned frames_then;
void note_frames() { frames_then = size_for(DOMID_SELF).nr_frames; }

// An event that waits comes at the first return from a call, or between two steps of one.
void shut_out_with_one_waiting() {
    const unsigned port = port_of(bind_ipi());
    mask(port, false);
    expect_equal(send(port), 0);
}

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.setup_table", "a table that grows by many frames lets others have their turn", [] {
        if (on_stock_xen()) return skip("Basalt's own promise: there it is one step");
        static std::array<xen_pfn_t, most_frames> frames;
        gnttab_setup_table_t setup{};
        setup.dom = DOMID_SELF;
        setup.nr_frames = most_frames - 1;
        set_xen_guest_handle(setup.frame_list, frames.data());
        const unsigned before = size_for(DOMID_SELF).nr_frames;
        shut_out_with_one_waiting();
        set_event_reader(note_frames);
        std::atomic_ref(vcpu_info().evtchn_upcall_mask).store(0);
        const Status status = grant<GNTTABOP_setup_table>(setup);
        allow_events(false);
        set_event_reader(nullptr);
        expect_equal(status, 0);
        expect_equal(setup.status, GNTST_okay);
        expect(frames_then > before && frames_then < most_frames - 1);
        expect_equal(size_for(DOMID_SELF).nr_frames, most_frames - 1);
    }},
    {"grant_table_op.query_size", "Dom0's table may become as large as gnttab_max_frames= says", [] {
        expect_equal(size_for(DOMID_SELF).max_nr_frames, most_frames);
    }},
    {"grant_table_op.setup_table", "and does, beyond what is usual", [] {
        static std::array<xen_pfn_t, most_frames + 1> frames;
        gnttab_setup_table_t setup{};
        setup.dom = DOMID_SELF;
        set_xen_guest_handle(setup.frame_list, frames.data());
        for (const unsigned count : {most_frames, most_frames + 1}) {
            setup.nr_frames = count;
            expect_equal(grant<GNTTABOP_setup_table>(setup), 0);
            expect_equal(setup.status, count == most_frames ? GNTST_okay : GNTST_general_error);
        }
        expect(frames[most_frames - 1] != 0 && frames[most_frames - 1] != frames[0]);
        expect_equal(frames[most_frames], 0);
        expect_audit_agrees();
    }},
    {"domctl.createdomain", "a domain's tables may be as large, and not larger", [] {
        expect_equal(frames_of_one_with({most_frames, most_mapping_frames}), most_frames);
        expect_equal(frames_of_one_with({-1, -1}), most_frames);
        expect_equal(frames_of_one_with({3, 0}), 3);
        expect_equal(frames_of_one_with({most_frames + 1, -1}), 0);
        expect_equal(frames_of_one_with({-1, most_mapping_frames + 1}), 0);
    }},
    {"domctl.getvcpuaffinity", "each vcpu of Dom0's has a CPU of its own where dom0_vcpus_pin says so", [] {
        expect_equal(cpus_of(0), 1);
        expect_equal(cpus_of(1), 2);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
