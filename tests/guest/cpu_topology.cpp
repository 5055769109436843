// RUN: %boot-guest --cpus 4 --topology sockets=2,cores=1,threads=2 --cpu max,-la57,-smap,vendor=GenuineIntel | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What tools are told of a machine of two chips, each of one core with two threads. Of Intel's processors: of QEMU's AMD
// ones stock Xen does not find the threads.
#include "kit/case.hpp"
#include "kit/other_domain.hpp"
#include "kit/topology.hpp"

namespace kit {
namespace {

constexpr unsigned cpus = 4;

constexpr auto table = std::to_array<Case>({
    {"sysctl.cputopoinfo", "tells threads of one core, and on which chip it is", [] {
        static std::array<xen_sysctl_cputopo_t, cpus> list;
        unsigned count = cpus;
        expect_equal(topology(count, list.data()), 0);
        expect_equal(count, cpus);
        for (unsigned cpu = 0; cpu < cpus; ++cpu) {
            expect_equal(list[cpu].core, 0);
            expect_equal(list[cpu].socket, cpu / 2);
            expect_equal(list[cpu].node, 0);
        }
    }},
    {"sysctl.physinfo", "counts the threads of a core, and the cores of a chip", [] {
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_physinfo, request), 0);
        expect_equal(request.u.physinfo.nr_cpus, cpus);
        expect_equal(request.u.physinfo.threads_per_core, 2);
        expect_equal(request.u.physinfo.cores_per_socket, 1);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
