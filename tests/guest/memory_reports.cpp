// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What memory_op tells: of domains, of the maps that they are given, of the M2P, and of what others may map.
#include "kit/case.hpp"
#include "kit/reservation.hpp"
#include "kit/small_domain.hpp"
#include "kit/twin.hpp"
#include "table/memory_op.hpp"

namespace kit {
namespace {

struct Reported : SmallDomain {
    Reported() : SmallDomain(endless_loop) { expect_equal(trouble, 0); }
    ~Reported() { expect_equal(destroy(), 0); }
};

template <class T>
T* at(std::uint64_t address) { return reinterpret_cast<T*>(address); }

// Entries of 20 bytes, whatever they say.
struct [[gnu::packed]] MemoryRange { std::uint64_t addr, size; std::uint32_t type; };
using Map = std::span<MemoryRange>;
std::array<MemoryRange, 1025> ranges;

Status set_map(Map map, unsigned domain = DOMID_SELF) {
    xen_foreign_memory_map request{};
    request.domid = static_cast<domid_t>(domain);
    request.map.nr_entries = static_cast<unsigned>(map.size());
    set_xen_guest_handle(request.map.buffer, map.data());
    return call<rows::memory_op, XENMEM_set_memory_map>(request);
}
struct MapAnswer { Status status; unsigned entries; };
MapAnswer map_into(Map room) {
    xen_memory_map request{};
    request.nr_entries = static_cast<unsigned>(room.size());
    set_xen_guest_handle(request.buffer, room.data());
    const Status status = call<rows::memory_op, XENMEM_memory_map>(request);
    return {status, request.nr_entries};
}

struct Acquire {
    xen_mem_acquire_resource request{};
    Acquire(unsigned domain, std::uint64_t first, unsigned count, xen_pfn_t* list) {
        request.domid = static_cast<domid_t>(domain);
        request.type = XENMEM_resource_grant_table;
        request.frame = first;
        request.nr_frames = count;
        set_xen_guest_handle(request.frame_list, list);
    }
    Status run() { return call<rows::memory_op, XENMEM_acquire_resource>(request); }
};
std::array<xen_pfn_t, 64> acquired;

std::array<volatile std::uint64_t, 4> answered;

void twin_maps() {
    start_memory(start);
    start_traps();
    answered[0] = static_cast<std::uint64_t>(map_into(Map{ranges}.first(2)).status);
    answered[1] = static_cast<std::uint64_t>(set_map(Map{ranges}.first(2)));
    answered[2] = map_into(Map{ranges}.first(2)).entries;
    answered[3] = static_cast<std::uint64_t>(set_map(Map{ranges}.first(2), 0));
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

constexpr auto table = std::to_array<Case>({
    {"memory_op.maximum_reservation", "of another domain is what max_mem said, and it has what it got", [] {
        const Reported other;
        expect_equal(pages_of(XENMEM_current_reservation, other.id), std::size_t{SmallDomain::count});
        expect_equal(pages_of(XENMEM_maximum_reservation, other.id), std::size_t{SmallDomain::count});
        expect_equal(pages_of(XENMEM_maximum_gpfn, other.id), 0);
        expect_equal(pages_of(XENMEM_maximum_reservation), 0xffffffff);
        for (const unsigned command : {XENMEM_current_reservation, XENMEM_maximum_reservation, XENMEM_maximum_gpfn}) {
            expect_equal(pages_of(command, 0), pages_of(command));
            for (const unsigned id : {nobody, unsigned{DOMID_IO}, unsigned{DOMID_XEN}, unsigned{DOMID_INVALID}, 0xffffu})
                expect_equal(pages_of(command, id), -XEN_ESRCH);
        }
    }},
    {"memory_op.maximum_gpfn", "is one less than what the domain says of itself", [] {
        expect_equal(pages_of(XENMEM_maximum_gpfn), 0);
        shared->arch.max_pfn = 1;
        expect_equal(pages_of(XENMEM_maximum_gpfn), 0);
        shared->arch.max_pfn = start->nr_pages;
        expect_equal(pages_of(XENMEM_maximum_gpfn), start->nr_pages - 1);
        shared->arch.max_pfn = 0;
    }},
    {"memory_op.maximum_ram_page", "is what the M2P has words for", [] {
        xen_machphys_mapping map{};
        expect_equal(call<rows::memory_op, XENMEM_machphys_mapping>(map), 0);
        expect_equal(untyped::memory_op(XENMEM_maximum_ram_page, nowhere), map.max_mfn + 1);
    }},
    {"memory_op.machphys_mfn_list", "as many frames as there are, and as there is room for", [] {
        std::array<xen_pfn_t, 4> frames{1, 2, 3, 4};
        xen_machphys_mfn_list list{};
        set_xen_guest_handle(list.extent_start, frames.data());
        list.nr_extents = 77;
        expect_equal(call<rows::memory_op, XENMEM_machphys_mfn_list>(list), 0);
        expect_equal(list.nr_extents, 0);
        expect_equal(frames[0], 1);
        list.max_extents = frames.size();
        expect_equal(call<rows::memory_op, XENMEM_machphys_mfn_list>(list), 0);
        expect_equal(list.nr_extents, 1);                    // 256 MiB need one piece
        expect_equal(frames[1], 2);
        for (const std::uint64_t address : unreachable) {
            set_xen_guest_handle(list.extent_start, at<xen_pfn_t>(address));
            expect_equal(call<rows::memory_op, XENMEM_machphys_mfn_list>(list), -XEN_EFAULT);
        }
    }},
    {"memory_op.machphys_mapping", "cannot be told in a read-only page", [] {
        Page& page = fresh_page();
        make_read_only(page);
        expect_equal(untyped::memory_op(XENMEM_machphys_mapping, &page), -XEN_EFAULT);
        expect_equal(untyped::memory_op(XENMEM_machphys_mapping, nowhere), -XEN_EFAULT);
    }},
    {"memory_op.set_memory_map", "gives a domain a map, which it is told as far as it has room", [] {
        ranges[0] = {1, 2, 3};
        ranges[1] = {4, 5, 6};
        expect_equal(set_map(Map{ranges}.first(2)), 0);
        const Map room = Map{ranges}.subspan(10, 3);
        for (const unsigned count : {0u, 1u, 2u, 3u}) {
            const auto [status, entries] = map_into(room.first(count));
            expect_equal(status, 0);
            expect_equal(entries, count < 2 ? count : 2u);
        }
        expect(room[0].addr == 1 && room[0].size == 2 && room[0].type == 3 && room[1].addr == 4);
        expect_equal(room[2].addr, 0);
        for (const std::uint64_t address : unreachable) {
            expect_equal(map_into({at<MemoryRange>(address), 2}).status, -XEN_EFAULT);
            expect_equal(untyped::memory_op(XENMEM_memory_map, address), -XEN_EFAULT);
            expect_equal(set_map({at<MemoryRange>(address), 2}), -XEN_EFAULT);
        }
        expect_equal(map_into(room).entries, 2);                 // what was refused has changed nothing
        expect_equal(set_map(Map{ranges}.first(0)), 0);
        expect_equal(map_into(room).status, -XEN_ENOSYS);
    }},
    {"memory_op.set_memory_map", "takes 128 entries", [] {
        const Reported other;
        expect_equal(set_map(Map{ranges}.first(128), other.id), 0);
        expect_equal(set_map(Map{ranges}.first(1025), other.id), -XEN_EINVAL);
        expect_equal(set_map(Map{ranges}.first(1), nobody), -XEN_ESRCH);
        expect_equal(set_map(Map{ranges}.first(1), DOMID_XEN), -XEN_ESRCH);
    }},
    {"memory_op.set_memory_map", "takes no more than 128", [] {
        if (on_stock_xen()) return skip("stock Xen takes 1024: Basalt keeps the map in the domain's record");
        expect_equal(set_map(Map{ranges}.first(129)), -XEN_EINVAL);
    }},
    {"memory_op.set_memory_map", "a domain without privileges may have a map of its own making, and make no other's", [] {
        const Twin twin(twin_maps);
        if (!expect_equal(twin.trouble, 0)) return;
        expect_equal(twin.start(), 0);
        expect_equal(twin.ended(), SHUTDOWN_poweroff);
        const std::array<Status, 4> wanted{-XEN_ENOSYS, 0, 2, -XEN_EPERM};
        for (std::size_t index = 0; index < wanted.size(); ++index) expect_equal(twin.read(answered[index]), wanted[index]);
        note_answers_of(twin);
        expect_equal(twin.destroy(), 0);
    }},
    {"memory_op.get_sharing_freed_pages", "no page is shared", [] {
        expect_equal(untyped::memory_op(XENMEM_get_sharing_freed_pages, nowhere), 0);
        expect_equal(untyped::memory_op(XENMEM_get_sharing_shared_pages, nowhere), 0);
    }},
    {"memory_op.acquire_resource", "gives frames of a grant table, which then can be mapped", [] {
        const Reported other;
        Acquire count(other.id, 0, 0, nullptr);
        expect_equal(count.run(), 0);
        expect_equal(count.request.nr_frames, 64);
        expect_equal(Acquire(other.id, 0, 64, acquired.data()).run(), 0);
        expect(acquired[0] != 0 && acquired[63] != 0 && acquired[0] != acquired[63]);
        xen_pfn_t last = 0;
        expect_equal(Acquire(other.id, 63, 1, &last).run(), 0);
        expect_equal(last, acquired[63]);
        Page& window = fresh_page();
        expect_equal(map_foreign(window, other.id, last, kernel_page), 0);
        window.words[511] = 0;
        expect_equal(mmu_update(slot_of(&window).machine(), 0), 0);
    }},
    {"memory_op.acquire_resource", "writes the list and nothing else where there is one", [] {
        const Reported other;
        Acquire acquire(other.id, 1, 1, nullptr);
        set_xen_guest_handle(acquire.request.frame_list, &acquire.request.frame);
        expect_equal(acquire.run(), 0);
        xen_pfn_t frame = 0;
        expect_equal(Acquire(other.id, 1, 1, &frame).run(), 0);
        expect_equal(acquire.request.frame, frame);
    }},
    {"memory_op.acquire_resource", "refuses what is beyond the table, and lists that are none", [] {
        const Reported other;
        auto* const list = acquired.data();
        for (const unsigned frames : {0u, 65u, 1000u, 1u << 26, ~0u}) expect_equal(Acquire(other.id, 0, frames, list).run(), -XEN_EINVAL);
        for (const std::uint64_t first : {64ull, 1ull << 32, ~0ull}) expect_equal(Acquire(other.id, first, 1, list).run(), -XEN_EINVAL);
        expect_equal(Acquire(other.id, 63, 2, list).run(), -XEN_EINVAL);
        expect_equal(Acquire(other.id, 0, 1, nullptr).run(), -XEN_EINVAL);
        for (const std::uint64_t address : unreachable)
            expect_equal(Acquire(other.id, 0, 1, at<xen_pfn_t>(address)).run(), -XEN_EFAULT);
    }},
    {"memory_op.acquire_resource", "refuses what is no resource of a PV domain", [] {
        const Reported other;
        const auto ask = [&](unsigned type, unsigned id, unsigned pad) {
            Acquire acquire(other.id, 0, 1, acquired.data());
            acquire.request.type = static_cast<std::uint16_t>(type);
            acquire.request.id = id;
            acquire.request.pad = pad;
            return acquire.run();
        };
        expect_equal(ask(XENMEM_resource_ioreq_server, 0, 0), -XEN_EINVAL);
        expect_equal(ask(XENMEM_resource_vmtrace_buf, 0, 0), -XEN_EINVAL);
        expect_equal(ask(9, 0, 0), -XEN_EOPNOTSUPP);
        expect_equal(ask(XENMEM_resource_grant_table, XENMEM_resource_grant_table_id_status, 0), -XEN_EINVAL);
        expect_equal(ask(XENMEM_resource_grant_table, 2, 0), -XEN_EINVAL);
        expect_equal(ask(XENMEM_resource_grant_table, 0, 1), -XEN_EINVAL);
    }},
    {"memory_op.acquire_resource", "is for others: not for the caller itself, nor for nobody", [] {
        expect_equal(Acquire(0, 0, 1, acquired.data()).run(), -XEN_EPERM);
        for (const unsigned id : {unsigned{DOMID_SELF}, nobody, unsigned{DOMID_XEN}})
            expect_equal(Acquire(id, 0, 1, acquired.data()).run(), -XEN_ESRCH);
    }},
    {"memory_op", "what is left out answers so", [] {
        for (const auto& row : basalt::table::memory_rows) {
            const bool differs = row.command == XENMEM_access_op || row.command == XENMEM_reserved_device_memory_map;
            if (!row.is_left_out() || (on_stock_xen() && differs)) continue;
            Page& page = fresh_page();
            page.words[0] = DOMID_SELF;
            expect_equal(untyped::memory_op(row.command, &page), basalt::errno_of(row.left_out.error));
        }
    }},
});

}
constinit const std::span<const Case> cases = table;
}
