// RUN: %boot-guest --cpus 4 --memory 384M --node 128M,cpus=0-1 --node 192M,cpus=3 --node 64M --options "dom0_max_vcpus=1" | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What tools are told of a machine of three nodes: two with CPUs, and one of memory alone. A CPU that QEMU was not told a node
// for is on the first.
#include "kit/case.hpp"
#include "kit/other_domain.hpp"
#include "kit/pci.hpp"
#include "kit/reservation.hpp"
#include "kit/topology.hpp"

namespace kit {
namespace {

constexpr unsigned cpus = 4, nodes = 3;
constexpr std::uint64_t MiB = 1 << 20;

struct Numa {
    unsigned told = 0;
    std::array<xen_sysctl_meminfo_t, nodes + 1> memory;
    std::array<std::uint32_t, (nodes + 1) * (nodes + 1)> distances;

    Status ask(unsigned places) {
        memory.fill({7, 7});
        distances.fill(7);
        told = places;
        return numa(told, memory.data(), distances.data());
    }
};
Numa nodes_told;

Status node_affinity(unsigned command, unsigned domain, std::uint64_t& set) {
    xen_domctl_t request{};
    request.u.nodeaffinity.nodemap.nr_bits = 64;
    request.u.nodeaffinity.nodemap.bitmap.p = reinterpret_cast<std::uint8_t*>(&set);
    return domctl(command, domain, request);
}
Status choose(unsigned domain, std::uint64_t set) { return node_affinity(XEN_DOMCTL_setnodeaffinity, domain, set); }
std::uint64_t chosen(unsigned domain) {
    std::uint64_t set = 0;
    expect_equal(node_affinity(XEN_DOMCTL_getnodeaffinity, domain, set), 0);
    return set;
}

void pin(unsigned domain, unsigned kind, std::uint64_t set) {
    xen_domctl_t request{};
    auto& wish = request.u.vcpuaffinity;
    wish.flags = kind;
    auto& map = kind == XEN_VCPUAFFINITY_HARD ? wish.cpumap_hard : wish.cpumap_soft;
    map.nr_bits = 64;
    map.bitmap.p = reinterpret_cast<std::uint8_t*>(&set);
    expect_equal(domctl(XEN_DOMCTL_setvcpuaffinity, domain, request), 0);
}

constexpr std::uint8_t absent = 9 << 3;

Status announce(std::uint8_t devfn, std::uint32_t flags, std::uint32_t proximity_domain) {
    struct {
        physdev_pci_device_add_t request{};
        std::uint32_t first;
    } words{.first = proximity_domain};
    words.request.devfn = devfn;
    words.request.flags = flags;
    return call<rows::physdev_op, PHYSDEVOP_pci_device_add>(words.request);
}

std::uint32_t node_of(std::uint8_t devfn) {
    physdev_pci_device_t devices[]{{0, 0, absent}, {0, 0, devfn}};
    std::uint32_t told[3]{7, 7, 7};
    xen_sysctl_t request{};
    request.u.pcitopoinfo.num_devs = 2;
    set_xen_guest_handle(request.u.pcitopoinfo.devs, devices);
    set_xen_guest_handle(request.u.pcitopoinfo.nodes, told);
    expect_equal(sysctl(XEN_SYSCTL_pcitopoinfo, request), 0);
    expect_equal(request.u.pcitopoinfo.num_devs, 2);
    expect_equal(told[0], XEN_INVALID_DEV);
    expect_equal(told[2], 7);
    return told[1];
}

constexpr auto table = std::to_array<Case>({
    {"sysctl.numainfo", "tells each node's memory, and how far it is from each", [] {
        expect_equal(nodes_told.ask(nodes + 1), 0);
        expect_equal(nodes_told.told, nodes);
        constexpr std::array sizes{128 * MiB, 192 * MiB, 64 * MiB};
        std::uint64_t free = 0;
        for (unsigned node = 0; node < nodes; ++node) {
            // The firmware keeps some at the end of memory for itself.
            expect(nodes_told.memory[node].memsize <= sizes[node] && nodes_told.memory[node].memsize > sizes[node] - 2 * MiB);
            expect(nodes_told.memory[node].memfree <= nodes_told.memory[node].memsize);
            free += nodes_told.memory[node].memfree;
            for (unsigned to = 0; to < nodes; ++to)
                expect_equal(nodes_told.distances[node * nodes + to], node == to ? 10 : 20 + (node < to ? to - node : node - to));
        }
        expect_equal(free, free_pages() * page_size);
        expect_equal(nodes_told.memory[nodes].memsize, 7);
        expect_equal(nodes_told.distances[nodes * nodes], 7);
    }},
    {"sysctl.numainfo", "tells of as many nodes as there are places for, or counts", [] {
        expect_equal(nodes_told.ask(2), 0);
        expect_equal(nodes_told.told, 2);
        expect_equal(nodes_told.distances[1], 21);
        expect_equal(nodes_told.distances[2], 21);        // from the second to the first: rows are as long as what is told
        expect_equal(nodes_told.distances[4], 7);
        expect_equal(nodes_told.memory[2].memsize, 7);
        unsigned count = 0;
        expect_equal(numa(count, nullptr, nullptr), 0);
        expect_equal(count, nodes);
    }},
    {"sysctl.cputopoinfo", "tells on which node a CPU is", [] {
        static std::array<xen_sysctl_cputopo_t, cpus> list;
        unsigned count = cpus;
        expect_equal(topology(count, list.data()), 0);
        for (unsigned cpu = 0; cpu < cpus; ++cpu) expect_equal(list[cpu].node, cpu == 3 ? 1 : 0);
    }},
    {"sysctl.physinfo", "counts the nodes", [] {
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_physinfo, request), 0);
        expect_equal(request.u.physinfo.nr_nodes, nodes);
        expect_equal(request.u.physinfo.max_node_id, 63);
    }},
    {"domctl.getnodeaffinity", "follows the CPUs that vcpus may use, and would", [] {
        const EmptyDomain other(1);
        expect_equal(chosen(other.id), ~std::uint64_t{0});
        xen_domctl_t request{};
        request.u.max_vcpus.max = 1;
        expect_equal(domctl(XEN_DOMCTL_max_vcpus, other.id, request), 0);
        expect_equal(chosen(other.id), 3);          // the third node has no CPU
        pin(other.id, XEN_VCPUAFFINITY_HARD, 8);
        expect_equal(chosen(other.id), 2);
        pin(other.id, XEN_VCPUAFFINITY_SOFT, 1);    // none of those that it may use
        expect_equal(chosen(other.id), 2);
        pin(other.id, XEN_VCPUAFFINITY_HARD, 9);
        expect_equal(chosen(other.id), 1);
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.setnodeaffinity", "is kept as it was said, until it is all that could be", [] {
        const EmptyDomain other(1);
        xen_domctl_t request{};
        request.u.max_vcpus.max = 1;
        expect_equal(domctl(XEN_DOMCTL_max_vcpus, other.id, request), 0);
        for (const std::uint64_t set : {4ull, 6ull, 12ull, ~0ull >> 1}) {
            expect_equal(choose(other.id, set), 0);
            expect_equal(chosen(other.id), set);
        }
        for (const std::uint64_t set : {0ull, 8ull, 1ull << 63}) expect_equal(choose(other.id, set), -XEN_EINVAL);
        pin(other.id, XEN_VCPUAFFINITY_HARD, 8);
        expect_equal(chosen(other.id), ~std::uint64_t{0} >> 1);
        expect_equal(choose(other.id, ~std::uint64_t{0}), 0);
        expect_equal(chosen(other.id), 2);
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.setnodeaffinity", "the domain's memory comes from its nodes", [] {
        constexpr std::array begins{0ul, 128 * MiB, 320 * MiB, 384 * MiB};
        const EmptyDomain other(1);
        xen_domctl_t request{};
        request.u.max_mem.max_memkb = 1024;
        expect_equal(domctl(XEN_DOMCTL_max_mem, other.id, request), 0);
        for (unsigned node = 0; node < nodes; ++node) {
            expect_equal(choose(other.id, 1u << node), 0);
            std::array<xen_pfn_t, 4> frames{node * 4, node * 4 + 1, node * 4 + 2, node * 4 + 3};
            expect_equal(reservation(XENMEM_populate_physmap, frames, 0, 0, other.id), 4);
            for (const xen_pfn_t frame : frames)
                expect(frame * page_size >= begins[node] && frame * page_size < begins[node + 1]);
        }
        expect_equal(other.destroy(), 0);
    }},
    {"physdev_op.pci_device_add", "says on which node a function is", [] {
        for (const std::uint32_t domain : {0u, 2u}) {
            expect_equal(announce(disks, XEN_PCI_DEV_PXM, domain), 0);
            expect_equal(node_of(disks), domain);
        }
        expect_equal(announce(disks, XEN_PCI_DEV_PXM, nodes), 0);
        expect_equal(node_of(disks), XEN_INVALID_NODE_ID);
        expect_equal(announce(disks, XEN_PCI_DEV_PXM, 1), 0);
        expect_equal(announce(disks, 0, 2), 0);     // not said any more
        expect_equal(node_of(disks), XEN_INVALID_NODE_ID);
    }},
    {"sysctl.pcitopoinfo", "needs both lists", [] {
        physdev_pci_device_t device{0, 0, disks};
        std::uint32_t told = 7;
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_pcitopoinfo, request), -XEN_EINVAL);
        set_xen_guest_handle(request.u.pcitopoinfo.nodes, &told);
        expect_equal(sysctl(XEN_SYSCTL_pcitopoinfo, request), -XEN_EINVAL);
        request.u.pcitopoinfo.num_devs = 1;
        request.u.pcitopoinfo.devs.p = there<physdev_pci_device_t>(nowhere);
        expect_equal(sysctl(XEN_SYSCTL_pcitopoinfo, request), -XEN_EFAULT);
        set_xen_guest_handle(request.u.pcitopoinfo.devs, &device);
        request.u.pcitopoinfo.nodes.p = there<std::uint32_t>(nowhere);
        expect_equal(sysctl(XEN_SYSCTL_pcitopoinfo, request), -XEN_EFAULT);
        request.u.pcitopoinfo.num_devs = 0;
        expect_equal(sysctl(XEN_SYSCTL_pcitopoinfo, request), 0);
        expect_equal(told, 7);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
