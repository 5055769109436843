// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Calls by which the kernel of a hardware-assisted guest names memory of its own, as Linux does while it starts.
#include "kit/calling_domain.hpp"
#include "kit/case.hpp"
#include "kit/grants.hpp"

namespace kit {
namespace {

constexpr std::uint64_t spare = CallingDomain::spare;

struct WatchedDomain : CallingDomain {
    using OtherDomain::read_word;
};

void expect_made(CallingDomain& domain) {
    expect_equal(domain.trouble, 0);
    expect(domain.makes_its_calls());
    expect_equal(domain.trouble, 0);
}
void expect_ended(const CallingDomain& domain) { expect_equal(domain.destroy(), 0); }

xen_memory_reservation extents_of(std::uint64_t list, unsigned count = 1, unsigned order = 0) {
    xen_memory_reservation reservation{};
    reservation.extent_start.p = reinterpret_cast<xen_pfn_t*>(list);
    reservation.nr_extents = count;
    reservation.extent_order = order;
    reservation.domid = DOMID_SELF;
    return reservation;
}

constexpr auto table = std::to_array<Case>({
    {"xen_version.get_features", "tells a hardware-assisted guest what it is", [] {
        CallingDomain domain;
        const std::uint64_t features = domain.place(xen_feature_info_t{});
        const unsigned asked = domain.asks(__HYPERVISOR_xen_version, XENVER_get_features, features);
        expect_made(domain);
        expect_equal(domain.answer(asked), 0);
        expect_equal(domain.placed<xen_feature_info_t>(features).submap, 0x12305u);
        expect_ended(domain);
    }},
    {"xen_version.capabilities", "tells tools of hardware-assisted guests", [] {
        xen_capabilities_info_t text{};
        expect_equal(call<rows::xen_version, XENVER_capabilities>(text), 0);
        const std::string_view told = text;
        for (const std::string_view kind : {"xen-3.0-x86_64 ", "hvm-3.0-x86_32 ", "hvm-3.0-x86_32p ", "hvm-3.0-x86_64 "})
            expect(told.find(kind) != told.npos);
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_physinfo, request), 0);
        constexpr unsigned both = XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap;
        expect_equal(request.u.physinfo.capabilities & both, both);
    }},
    {"vcpu_op.register_vcpu_info", "takes a frame by the guest's own number", [] {
        WatchedDomain domain;
        const auto at = [](std::uint64_t frame) { return vcpu_register_vcpu_info{.mfn = frame, .offset = 64, .rsvd = 0}; };
        const unsigned absent = domain.asks(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, domain.place(at(0x9000)));
        const unsigned placed = domain.asks(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, domain.place(at(spare)));
        const unsigned again = domain.asks(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, 0, domain.place(at(spare + 1)));
        expect_made(domain);
        expect_equal(domain.answer(absent), -XEN_EINVAL);
        expect_equal(domain.answer(placed), 0);
        expect_equal(domain.answer(again), -XEN_EINVAL);
        constexpr unsigned scale = (64 + offsetof(vcpu_info_t, time.tsc_to_system_mul)) / sizeof(std::uint64_t);
        expect(domain.read_word(spare, scale) != 0);
        expect_ended(domain);
    }},
    {"vcpu_op.register_runstate_memory_area", "takes an address of the guest's kernel", [] {
        CallingDomain domain;
        const std::uint64_t area = domain.place(vcpu_runstate_info_t{});
        vcpu_register_runstate_memory_area request{};
        request.addr.p = area;
        const unsigned made = domain.asks(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, domain.place(request));
        const unsigned flag = domain.asks(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag);
        const unsigned other = domain.asks(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_4gb_segments);
        expect_made(domain);
        expect_equal(domain.answer(made), 0);
        expect_equal(domain.answer(flag), 0);
        expect_equal(domain.answer(other), -XEN_EINVAL);
        expect(domain.placed<vcpu_runstate_info_t>(area).state_entry_time != 0);
        expect_ended(domain);
    }},
    {"event_channel_op.init_control", "takes pages by the guest's own numbers", [] {
        WatchedDomain domain;
        const auto control = [](std::uint64_t frame) { return evtchn_init_control_t{.control_gfn = frame, .offset = 0, .vcpu = 0}; };
        const unsigned absent = domain.asks_with(__HYPERVISOR_event_channel_op, EVTCHNOP_init_control, control(0x9000));
        const unsigned made = domain.asks_with(__HYPERVISOR_event_channel_op, EVTCHNOP_init_control, control(spare));
        const unsigned nothing = domain.asks_with(__HYPERVISOR_event_channel_op, EVTCHNOP_expand_array, evtchn_expand_array_t{0x9000});
        const unsigned array = domain.asks_with(__HYPERVISOR_event_channel_op, EVTCHNOP_expand_array, evtchn_expand_array_t{spare + 1});
        const std::uint64_t ipi = domain.place(evtchn_bind_ipi_t{});
        const unsigned bound = domain.asks(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi, ipi);
        const unsigned sent = domain.asks_with(__HYPERVISOR_event_channel_op, EVTCHNOP_send, evtchn_send_t{1});
        expect_made(domain);
        expect_equal(domain.answer(absent), -XEN_EINVAL);
        expect_equal(domain.answer(made), 0);
        expect_equal(domain.answer(nothing), -XEN_EINVAL);
        expect_equal(domain.answer(array), 0);
        expect_equal(domain.answer(bound), 0);
        expect_equal(domain.placed<evtchn_bind_ipi_t>(ipi).port, 1u);
        expect_equal(domain.answer(sent), 0);
        expect((domain.read_word(spare + 1, 0) >> 32 & std::uint64_t{1} << EVTCHN_FIFO_PENDING) != 0);
        expect_ended(domain);
    }},
    {"grant_table_op.setup_table", "tells such a guest where it has its table, if anywhere", [] {
        WatchedDomain domain;
        const std::uint64_t list = domain.place(std::array<xen_pfn_t, 2>{});
        gnttab_setup_table_t setup{.dom = DOMID_SELF, .nr_frames = 2, .status = 99, .frame_list{}};
        setup.frame_list.p = reinterpret_cast<xen_pfn_t*>(list);
        const std::uint64_t size = domain.place(gnttab_query_size_t{.dom = DOMID_SELF});
        const unsigned asked = domain.asks(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, size, 1);
        const unsigned version = domain.asks(__HYPERVISOR_grant_table_op, GNTTABOP_set_version, domain.place(gnttab_set_version_t{1}), 1);
        const unsigned placed = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_add_to_physmap,
                                                 xen_add_to_physmap_t{DOMID_SELF, 0, XENMAPSPACE_grant_table, 1, spare});
        const std::uint64_t table_of = domain.place(setup);
        const unsigned told = domain.asks(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, table_of, 1);
        expect_made(domain);
        expect_equal(domain.answer(asked), 0);
        expect_equal(domain.placed<gnttab_query_size_t>(size).max_nr_frames, 4u);
        expect_equal(domain.answer(version), 0);
        expect_equal(domain.answer(placed), 0);
        expect_equal(domain.answer(told), 0);
        expect_equal(domain.placed<gnttab_setup_table_t>(table_of).status, GNTST_okay);
        const auto frames = domain.placed<std::array<xen_pfn_t, 2>>(list);
        expect_equal(frames[0], ~xen_pfn_t{0});
        expect_equal(frames[1], xen_pfn_t{spare});
        expect_ended(domain);
    }},
    {"grant_table_op.copy", "copies between pages of such a guest's own", [] {
        WatchedDomain domain;
        gnttab_copy_t copy{};
        copy.source.domid = copy.dest.domid = DOMID_SELF;
        copy.source.u.gmfn = CallingDomain::code, copy.dest.u.gmfn = spare, copy.len = 8;
        const std::uint64_t made = domain.place(copy);
        copy.source.u.gmfn = 0x9000;
        const std::uint64_t absent = domain.place(copy);
        domain.asks(__HYPERVISOR_grant_table_op, GNTTABOP_copy, made, 1);
        domain.asks(__HYPERVISOR_grant_table_op, GNTTABOP_copy, absent, 1);
        expect_made(domain);
        expect_equal(domain.placed<gnttab_copy_t>(made).status, GNTST_okay);
        expect_equal(domain.placed<gnttab_copy_t>(absent).status, GNTST_bad_page);
        expect_equal(domain.read_word(spare, 0), domain.read_word(CallingDomain::code, 0));
        expect_ended(domain);
    }},
    {"memory_op.populate_physmap", "is a guest's own to ask for, as giving back is", [] {
        WatchedDomain domain;
        const std::uint64_t list = domain.place(xen_pfn_t{0x300}), old = domain.place(xen_pfn_t{spare});
        const auto before = domain.info().tot_pages;
        const unsigned more = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_populate_physmap, extents_of(list));
        const unsigned fewer = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, extents_of(old));
        const unsigned none = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, extents_of(old));
        const unsigned increased = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_increase_reservation, extents_of(list));
        expect_made(domain);
        expect_equal(domain.answer(more), 1);
        expect_equal(domain.answer(fewer), 1);
        expect_equal(domain.answer(none), 0);
        expect_equal(domain.answer(increased), 1);
        expect_equal(domain.placed<xen_pfn_t>(list), xen_pfn_t{0x300});
        expect_equal(domain.info().tot_pages, before + 1);
        expect_ended(domain);
    }},
    {"memory_op.exchange", "is not for who numbers frames itself", [] {
        CallingDomain domain;
        xen_memory_exchange_t exchange{};
        exchange.in = extents_of(domain.place(xen_pfn_t{spare}));
        exchange.out = extents_of(domain.place(xen_pfn_t{spare}));
        const unsigned asked = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_exchange, exchange);
        expect_made(domain);
        expect_equal(domain.answer(asked), -XEN_EOPNOTSUPP);
        expect_ended(domain);
    }},
    {"memory_op.maximum_gpfn", "tells the last place where a hardware-assisted guest has anything", [] {
        CallingDomain domain;
        domid_t id = static_cast<domid_t>(domain.id);
        expect_equal(untyped::memory_op(XENMEM_maximum_gpfn, &id), std::int64_t{CallingDomain::pages} - 1);
        const unsigned own = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_maximum_gpfn, domid_t{DOMID_SELF});
        expect_made(domain);
        expect_equal(domain.answer(own), std::int64_t{CallingDomain::pages} - 1);
        expect_ended(domain);
    }},
    {"memory_op.memory_map", "tells such a guest the map that its builder left", [] {
        CallingDomain domain;
        struct [[gnu::packed]] Part {
            std::uint64_t start, size;
            std::uint32_t kind;
        };
        static Part parts[] = {{0, 0xa0000, 1}, {0x100000, 0x300000, 1}};
        xen_foreign_memory_map_t map{};
        map.domid = static_cast<domid_t>(domain.id);
        map.map.nr_entries = 2;
        map.map.buffer.p = parts;
        expect_equal(call<rows::memory_op, XENMEM_set_memory_map>(map), 0);
        const std::uint64_t room = domain.place(std::array<std::byte, 64>{});
        xen_memory_map_t request{};
        request.nr_entries = 3;
        request.buffer.p = reinterpret_cast<void*>(room);
        const std::uint64_t place = domain.place(request);
        const unsigned asked = domain.asks(__HYPERVISOR_memory_op, XENMEM_memory_map, place);
        expect_made(domain);
        expect_equal(domain.answer(asked), 0);
        expect_equal(domain.placed<xen_memory_map_t>(place).nr_entries, 2u);
        expect_equal(domain.placed<std::uint64_t>(room + 8), 0xa0000u);
        expect_ended(domain);
    }},
    {in_words("hardware-assisted guests"), "act for themselves alone, and have no page tables to be checked", [] {
        CallingDomain domain;
        const unsigned other = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_add_to_physmap,
                                                xen_add_to_physmap_t{0, 0, XENMAPSPACE_shared_info, 0, spare});
        const unsigned table_write = domain.asks(__HYPERVISOR_mmu_update, domain.place(mmu_update_t{}), 1, 0, DOMID_SELF);
        const unsigned tools = domain.asks(__HYPERVISOR_domctl, domain.place(xen_domctl_t{}));
        expect_made(domain);
        expect_equal(domain.answer(other), on_stock_xen() ? -XEN_EACCES : -XEN_EPERM);
        expect_equal(domain.answer(table_write), -XEN_ENOSYS);
        expect(domain.answer(tools) < 0);
        expect_ended(domain);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
