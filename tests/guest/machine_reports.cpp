// RUN: %boot-guest --cpus 2 --options "dom0_max_vcpus=1" | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What tools ask about the machine as a whole: lists that are too short or longer than what there is, the log read in
// pieces. It has two CPUs and one node.
#include "kit/case.hpp"
#include "kit/small_domain.hpp"
#include "kit/topology.hpp"

namespace kit {
namespace {

Status list_domains(unsigned first, unsigned most, Word list, unsigned& count) {
    xen_sysctl_t request{};
    request.u.getdomaininfolist.first_domain = static_cast<domid_t>(first);
    request.u.getdomaininfolist.max_domains = most;
    request.u.getdomaininfolist.buffer.p = there<xen_domctl_getdomaininfo_t>(list);
    const Status status = sysctl(XEN_SYSCTL_getdomaininfolist, request);
    count = request.u.getdomaininfolist.num_domains;
    return status;
}

Status pool(unsigned op, unsigned id, Word map, unsigned bits, xen_sysctl_cpupool_op* told = nullptr) {
    xen_sysctl_t request{};
    auto& wish = request.u.cpupool_op;
    wish.op = op;
    wish.cpupool_id = id;
    wish.cpumap.nr_bits = bits;
    wish.cpumap.bitmap.p = there<std::uint8_t>(map);
    const Status status = sysctl(XEN_SYSCTL_cpupool_op, request);
    if (told != nullptr) *told = wish;
    return status;
}

struct Piece {
    unsigned count, index;
};
std::array<char, 64> text;
Piece log_piece(unsigned count, bool clear = false, bool incremental = false, unsigned index = 0) {
    xen_sysctl_t request{};
    auto& wish = request.u.readconsole;
    wish.count = count;
    wish.clear = clear;
    wish.incremental = incremental;
    wish.index = index;
    set_xen_guest_handle(wish.buffer, text.data());
    expect_equal(sysctl(XEN_SYSCTL_readconsole, request), 0);
    return {wish.count, wish.index};
}

constexpr auto table = std::to_array<Case>({
    {"sysctl.cputopoinfo", "fills the list as far as it goes, or counts", [] {
        static std::array<xen_sysctl_cputopo_t, 4> list;
        for (const auto [places, told] : {std::pair{0u, 0u}, {1u, 1u}, {2u, 2u}, {4u, 2u}}) {
            list.fill({7, 7, 7});
            unsigned count = places;
            expect_equal(topology(count, list.data()), 0);
            expect_equal(count, told);
            for (unsigned cpu = 0; cpu < list.size(); ++cpu) expect_equal(list[cpu].node, cpu < told ? 0 : 7);
        }
        for (unsigned places : {0u, 9u}) {
            unsigned count = places;
            expect_equal(topology(count, nullptr), 0);
            expect_equal(count, 2);
        }
        unsigned count = 1;
        expect_equal(topology(count, nowhere), -XEN_EFAULT);
    }},
    {"sysctl.numainfo", "fills the lists as far as they go, or counts", [] {
        static std::array<xen_sysctl_meminfo_t, 2> memory;
        static std::array<std::uint32_t, 4> distances;
        for (const auto [places, told] : {std::pair{0u, 0u}, {1u, 1u}, {2u, 1u}, {64u, 1u}}) {
            memory.fill({7, 7});
            distances.fill(7);
            unsigned count = places;
            expect_equal(numa(count, memory.data(), distances.data()), 0);
            expect_equal(count, told);
            expect(told == 0 ? memory[0].memsize == 7 : memory[0].memsize > 100 << 20);
            expect_equal(distances[0], told == 0 ? 7 : 10);
            expect_equal(memory[1].memsize, 7);
            expect_equal(distances[1], 7);
        }
        unsigned count = 1;
        expect_equal(numa(count, nullptr, distances.data()), 0);
        expect_equal(numa(count, memory.data(), nullptr), 0);
        count = 5;
        expect_equal(numa(count, nullptr, nullptr), 0);
        expect_equal(count, 1);
        expect_equal(numa(count, nowhere, nullptr), -XEN_EFAULT);
        expect_equal(numa(count, nullptr, nowhere), -XEN_EFAULT);
    }},
    {"sysctl.getdomaininfolist", "tells of as many as fit, from a number on, in order", [] {
        const SmallDomain other(endless_loop);
        expect_equal(other.trouble, 0);
        static std::array<xen_domctl_getdomaininfo_t, 4> list;
        unsigned count = 9;
        expect_equal(list_domains(0, 0, nowhere, count), 0);
        expect_equal(count, 0);
        expect_equal(list_domains(0, 1, list.data(), count), 0);
        expect_equal(count, 1);
        expect_equal(list[0].domain, 0);
        expect_equal(list_domains(0, 4, list.data(), count), 0);
        expect_equal(count, 2);
        expect_equal(list[1].domain, other.id);
        expect_equal(list_domains(other.id, 4, list.data(), count), 0);
        expect_equal(count, 1);
        expect_equal(list[0].domain, other.id);
        for (const unsigned beyond : {other.id + 1, 0x7ff0u, 0xffffu}) {
            expect_equal(list_domains(beyond, 4, list.data(), count), 0);
            expect_equal(count, 0);
        }
        expect_equal(list_domains(0, 4, nowhere, count), -XEN_EFAULT);
        expect_equal(other.destroy(), 0);
    }},
    {"sysctl.cpupool_op", "tells of the one pool, its CPUs and its domains", [] {
        static std::array<std::uint8_t, 20> map;
        for (const unsigned bits : {0u, 8u, 9u, 128u}) {
            map.fill(0xaa);
            xen_sysctl_cpupool_op told{};
            expect_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, 0, map.data(), bits, &told), 0);
            expect_equal(told.sched_id, XEN_SCHEDULER_CREDIT2);
            expect(told.n_dom >= 1);
            expect_equal(map[0], bits == 0 ? 0xaa : 3);
            for (unsigned byte = 1; byte < map.size(); ++byte) expect_equal(map[byte], byte * 8 < bits ? 0 : 0xaa);
        }
        expect_equal(pool(XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 77, map.data(), 8), 0);
        expect_equal(map[0], 0);
        for (const unsigned id : {1u, 77u}) expect_equal(pool(XEN_SYSCTL_CPUPOOL_OP_INFO, id, map.data(), 8), -XEN_ENOENT);
        for (const unsigned op : {XEN_SYSCTL_CPUPOOL_OP_INFO, XEN_SYSCTL_CPUPOOL_OP_FREEINFO})
            expect_equal(pool(op, 0, nowhere, 8), -XEN_EFAULT);
    }},
    {"sysctl.cpupool_op", "refuses what it does not know", [] {
        for (const unsigned op : {0u, 8u, ~0u}) expect_equal(pool(op, 0, nullptr, 0), -XEN_ENOSYS);
    }},
    {"sysctl.cpupool_op", "makes, changes and ends no pools", [] {
        if (on_stock_xen()) return skip("stock Xen does");
        for (const unsigned op : {XEN_SYSCTL_CPUPOOL_OP_CREATE, XEN_SYSCTL_CPUPOOL_OP_DESTROY, XEN_SYSCTL_CPUPOOL_OP_ADDCPU,
                                  XEN_SYSCTL_CPUPOOL_OP_RMCPU, XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN})
            expect_equal(pool(op, 0, nullptr, 0), -XEN_EOPNOTSUPP);
    }},
    {"sysctl.readconsole", "gives the log in pieces", [] {
        const Piece none = log_piece(0);
        expect_equal(none.count, 0);
        const Piece first = log_piece(10);
        expect_equal(first.count, 10);
        expect_equal(first.index, none.index + 10);
        const std::string_view began(text.data(), 10);
        const char tenth = began.back();
        const Piece second = log_piece(1, false, true, first.index - 1);
        expect_equal(second.count, 1);
        expect_equal(second.index, first.index);
        expect_equal(text[0], tenth);
        for (const unsigned gone : {none.index - 1, ~0u}) expect_equal(log_piece(10, false, true, gone).index, first.index);
    }},
    {"sysctl.readconsole", "what was passed with `clear` is not told again", [] {
        const Piece first = log_piece(10, true);
        expect_equal(log_piece(10).index, first.index + 10);
        expect_equal(log_piece(0, true).index, first.index);
        expect_equal(log_piece(10).index, first.index + 10);
        xen_sysctl_t request{};
        request.u.readconsole.count = 5;
        request.u.readconsole.buffer.p = there<char>(nowhere);
        expect_equal(sysctl(XEN_SYSCTL_readconsole, request), -XEN_EFAULT);
    }},
    {"sysctl.debug_keys", "presses no more than 64 at once", [] {
        if (on_stock_xen()) return skip("stock Xen presses any number");
        static std::array<char, 65> keys;
        keys.fill('\1');
        for (const auto [count, answer] : {std::pair{64u, 0}, {65u, -XEN_E2BIG}}) {
            xen_sysctl_t request{};
            request.u.debug_keys.nr_keys = count;
            set_xen_guest_handle(request.u.debug_keys.keys, keys.data());
            expect_equal(sysctl(XEN_SYSCTL_debug_keys, request), answer);
        }
    }},
});

}

constinit const std::span<const Case> cases = table;

}
