// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What memory a domain has, gives back, gets, and exchanges.
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/reservation.hpp"

namespace kit {
namespace {

// An entry as the firmware's call 0xe820 gives it; Xen's headers do not name it.
struct [[gnu::packed]] MemoryRange { std::uint64_t addr, size; std::uint32_t type; };

constexpr auto table = std::to_array<Case>({
    {"memory_op.current_reservation", "is what start_info says, below the maximum", [] {
        expect_equal(pages_of(XENMEM_current_reservation), start->nr_pages);
        expect(pages_of(XENMEM_maximum_reservation) >= pages_of(XENMEM_current_reservation));
        expect_equal(pages_of(XENMEM_current_reservation, 5), -XEN_ESRCH);
        expect_equal(untyped::memory_op(XENMEM_current_reservation, nowhere), -XEN_EFAULT);
        expect(call<rows::memory_op, XENMEM_maximum_ram_page>() > 0);
    }},
    {"memory_op.machine_memory_map", "tells Dom0 the machine's memory", [] {
        static std::array<MemoryRange, 128> entries;
        xen_memory_map map{};
        map.nr_entries = entries.size();
        set_xen_guest_handle(map.buffer, entries.data());
        expect_equal(call<rows::memory_op, XENMEM_machine_memory_map>(map), 0);
        expect(map.nr_entries > 2);
        xen_memory_map how_many{};
        expect_equal(call<rows::memory_op, XENMEM_machine_memory_map>(how_many), 0);
        expect_equal(how_many.nr_entries, map.nr_entries);
        expect_equal(entries[0].addr, 0);
        expect_equal(entries[0].type, 1);
        std::uint64_t ram = 0;
        for (unsigned i = 0; i < map.nr_entries; ++i)
            if (entries[i].type == 1) ram += entries[i].size;
        expect(ram > 200u << 20 && ram < 257u << 20);        // boot_guest.py's machine has 256 MiB
    }},
    {"memory_op.machine_memory_map", "refuses too little room and bad addresses", [] {
        std::array<MemoryRange, 128> entries;
        xen_memory_map map{};
        map.nr_entries = 1;
        set_xen_guest_handle(map.buffer, entries.data());
        expect_equal(call<rows::memory_op, XENMEM_machine_memory_map>(map), -XEN_EINVAL);
        map.nr_entries = entries.size();
        set_xen_guest_handle(map.buffer, reinterpret_cast<MemoryRange*>(nowhere));
        expect_equal(call<rows::memory_op, XENMEM_machine_memory_map>(map), -XEN_EFAULT);
        expect_equal(untyped::memory_op(XENMEM_machine_memory_map, nowhere), -XEN_EFAULT);
    }},
    {"memory_op.memory_map", "a Dom0 has none of its own", [] {
        xen_memory_map map{};
        expect_equal(call<rows::memory_op, XENMEM_memory_map>(map), -XEN_ENOSYS);
    }},
    {"memory_op.machphys_mapping", "tells where the machine-to-physical table is", [] {
        xen_machphys_mapping map{};
        expect_equal(call<rows::memory_op, XENMEM_machphys_mapping>(map), 0);
        expect_equal(map.v_start, MACH2PHYS_VIRT_START);
        expect_equal(map.v_end, MACH2PHYS_VIRT_END);
        expect(map.max_mfn > start->nr_pages);
    }},
    {"memory_op.machphys_mapping", "the table cannot be written, and its holes are page faults", [] {
        const auto* table_start = reinterpret_cast<volatile std::uint64_t*>(MACH2PHYS_VIRT_START);
        expect_fault(fault_of([&] { *const_cast<volatile std::uint64_t*>(table_start) = 0; }), 14, 3);
        expect_fault(fault_of([&] { static_cast<void>(table_start[1ull << 34]); }), 14, 0);
    }},
    {"memory_op.machphys_mfn_list", "gives a frame per 2 MiB of the table", [] {
        std::array<xen_pfn_t, 4> frames{};
        xen_machphys_mfn_list list{};
        list.max_extents = frames.size();
        set_xen_guest_handle(list.extent_start, frames.data());
        expect_equal(call<rows::memory_op, XENMEM_machphys_mfn_list>(list), 0);
        expect(list.nr_extents >= 1);
        expect(frames[0] != 0);
    }},
    {"memory_op.decrease_reservation", "takes frames back, increase_reservation gives some", [] {
        const auto pages = fresh_pages(4);
        const Status before = pages_of(XENMEM_current_reservation);
        std::array<xen_pfn_t, 4> frames;
        for (unsigned i = 0; i < 4; ++i) frames[i] = unmapped(pages[i]);
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 4);
        expect_equal(pages_of(XENMEM_current_reservation), before - 4);
        expect_equal(update_va_mapping(&pages[0], entry(frames[0], kernel_page)), -XEN_EBUSY);
        expect_equal(reservation(XENMEM_increase_reservation, frames), 4);
        expect_equal(pages_of(XENMEM_current_reservation), before);
        for (unsigned i = 0; i < 4; ++i) attach(pages[i], frames[i]);
    }},
    {"memory_op.decrease_reservation", "a frame still mapped is given back, and is gone once it is unmapped", [] {
        Page& page = fresh_page();
        page.words[0] = 17;
        std::array<xen_pfn_t, 1> frames{page.mfn()};
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 1);
        expect_equal(page.words[0], 17);
        expect_equal(update_va_mapping(&page, 0, UVMF_INVLPG), 0);
        expect_equal(update_va_mapping(&page, entry(frames[0], kernel_page)), -XEN_EBUSY);
    }},
    {"memory_op.decrease_reservation", "the M2P forgets what the frame was", [] {
        Page& page = fresh_page();
        std::array<xen_pfn_t, 1> frames{unmapped(page)};
        expect_equal(m2p(frames[0]), pfn_of(&page));
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 1);
        expect(m2p(frames[0]) != pfn_of(&page));
    }},
    {"memory_op.decrease_reservation", "stops at the first frame that is not the domain's", [] {
        Page& page = fresh_page();
        std::array<xen_pfn_t, 2> frames{unmapped(page), 0xffffffffff};
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 1);
    }},
    {"memory_op.populate_physmap", "fills places in the domain's list, and the M2P knows", [] {
        Page& page = fresh_page();
        std::array<xen_pfn_t, 1> frames{unmapped(page)};
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 1);
        frames[0] = pfn_of(&page);
        expect_equal(reservation(XENMEM_populate_physmap, frames), 1);
        expect_equal(m2p(frames[0]), pfn_of(&page));
        p2m(pfn_of(&page)) = frames[0];
        expect_equal(make_writable(page), 0);
    }},
    {"memory_op.populate_physmap", "what is given holds nothing of anybody's", [] {
        if (on_stock_xen()) return skip("stock Xen hands a domain's own frames back as they were");
        const auto pages = fresh_pages(16);
        std::array<xen_pfn_t, 16> frames;
        for (unsigned i = 0; i < 16; ++i) {
            pages[i].words.fill(0x5ec3e7);
            frames[i] = unmapped(pages[i]);
        }
        expect_equal(reservation(XENMEM_decrease_reservation, frames), 16);
        for (unsigned i = 0; i < 16; ++i) frames[i] = pfn_of(&pages[i]);
        expect_equal(reservation(XENMEM_populate_physmap, frames), 16);
        for (unsigned i = 0; i < 16; ++i) {
            attach(pages[i], frames[i]);
            for (std::uint64_t word : pages[i].words)
                if (word == 0x5ec3e7) return fail(Line{} << "an old word came back");
        }
    }},
    {"memory_op.increase_reservation", "a request that cannot be met at all has done 0 extents", [] {
        std::array<xen_pfn_t, 1> frames{};
        expect_equal(reservation(XENMEM_increase_reservation, frames, 0, 0, 5), 0);      // no such domain
        expect_equal(reservation(XENMEM_increase_reservation, frames, 20), 0);           // 4 GiB at once
        xen_memory_reservation request{};
        request.domid = DOMID_SELF;
        request.nr_extents = 1;
        set_xen_guest_handle(request.extent_start, reinterpret_cast<xen_pfn_t*>(nowhere));
        for (unsigned command : {XENMEM_decrease_reservation, XENMEM_populate_physmap}) {
            expect_equal(untyped::memory_op(command, &request), 0);
            expect_equal(untyped::memory_op(command, nowhere), 0);
        }
    }},
    {"memory_op.exchange", "64 single frames become one contiguous extent below 4 GiB", [] {
        const auto pages = fresh_pages(64);
        std::array<xen_pfn_t, 64> in;
        std::array<xen_pfn_t, 1> out{pfn_of(&pages[0])};
        for (unsigned i = 0; i < 64; ++i) in[i] = unmapped(pages[i]);
        Exchange exchange{in, 0, out, 6, 32};
        expect_equal(exchange.run(), 0);
        expect_equal(exchange.request.nr_exchanged, 64);
        expect_equal(out[0] % 64, 0);
        expect(out[0] + 64 <= 1ull << 20);
        for (unsigned i = 0; i < 64; ++i) {
            expect_equal(m2p(out[0] + i), pfn_of(&pages[i]));
            attach(pages[i], out[0] + i);
            pages[i].words[0] = i;
        }
    }},
    {"memory_op.exchange", "one extent becomes 64 single frames", [] {
        const auto pages = fresh_pages(64);
        std::array<xen_pfn_t, 64> single, back;
        std::array<xen_pfn_t, 1> extent{pfn_of(&pages[0])};
        for (unsigned i = 0; i < 64; ++i) single[i] = unmapped(pages[i]);
        expect_equal(Exchange(single, 0, extent, 6).run(), 0);
        for (unsigned i = 0; i < 64; ++i) back[i] = pfn_of(&pages[i]);
        Exchange exchange{extent, 6, back, 0};
        expect_equal(exchange.run(), 0);
        expect_equal(exchange.request.nr_exchanged, 1);
        for (unsigned i = 0; i < 64; ++i) attach(pages[i], back[i]);
    }},
    {"memory_op.exchange", "too few address bits: all or nothing", [] {
        const auto pages = fresh_pages(64);
        std::array<xen_pfn_t, 64> in;
        std::array<xen_pfn_t, 1> out{pfn_of(&pages[0])};
        for (unsigned i = 0; i < 64; ++i) in[i] = unmapped(pages[i]);
        Exchange exchange{in, 0, out, 6, 18};
        expect_equal(exchange.run(), -XEN_ENOMEM);
        expect_equal(exchange.request.nr_exchanged, 0);
        for (unsigned i = 0; i < 64; ++i) attach(pages[i], in[i]);
    }},
    {"memory_op.exchange", "a frame that is mapped or not the domain's: nothing is changed", [] {
        const auto pages = fresh_pages(2);
        std::array<xen_pfn_t, 2> in{unmapped(pages[0]), 0xffffffffff};
        std::array<xen_pfn_t, 1> out{pfn_of(&pages[0])};
        Exchange exchange{in, 0, out, 1};
        expect_equal(exchange.run(), -XEN_EINVAL);
        expect_equal(exchange.request.nr_exchanged, 0);
        attach(pages[0], in[0]);
    }},
    {"memory_op.exchange", "refuses sizes that do not match, and bad lists", [] {
        std::array<xen_pfn_t, 3> in{};
        std::array<xen_pfn_t, 1> out{};
        expect_equal(Exchange(in, 0, out, 1).run(), -XEN_EINVAL);
        Exchange exchange{std::span{in}.first(2), 0, out, 1};
        set_xen_guest_handle(exchange.request.in.extent_start, reinterpret_cast<xen_pfn_t*>(nowhere));
        expect_equal(exchange.run(), -XEN_EFAULT);
        expect_equal(untyped::memory_op(XENMEM_exchange, nowhere), -XEN_EFAULT);
        exchange.request.in.domid = 5;
        expect_equal(exchange.run(), -XEN_EINVAL);        // frames are exchanged within one domain
    }},
    {"memory_op.add_to_physmap", "is not for PV guests", [] {
        xen_add_to_physmap request{};
        request.domid = DOMID_SELF;
        request.space = XENMAPSPACE_shared_info;
        expect_equal(untyped::memory_op(XENMEM_add_to_physmap, &request), -XEN_EACCES);
    }},
    {"memory_op", "unknown commands", [] {
        expect_equal(untyped::memory_op(63, nullptr), -XEN_ENOSYS);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
