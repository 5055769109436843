// What tools are told of CPUs and nodes: a call about a list of so many places, which says how many there are.
#pragma once

#include "other_domain.hpp"

namespace kit {

template <typename T>
T* there(Word place) {
    return reinterpret_cast<T*>(place.value);
}

inline Status topology(unsigned& count, Word list) {
    xen_sysctl_t request{};
    request.u.cputopoinfo.num_cpus = count;
    request.u.cputopoinfo.cputopo.p = there<xen_sysctl_cputopo_t>(list);
    const Status status = sysctl(XEN_SYSCTL_cputopoinfo, request);
    count = request.u.cputopoinfo.num_cpus;
    return status;
}

inline Status numa(unsigned& count, Word memory, Word distances) {
    xen_sysctl_t request{};
    request.u.numainfo.num_nodes = count;
    request.u.numainfo.meminfo.p = there<xen_sysctl_meminfo_t>(memory);
    request.u.numainfo.distance.p = there<std::uint32_t>(distances);
    const Status status = sysctl(XEN_SYSCTL_numainfo, request);
    count = request.u.numainfo.num_nodes;
    return status;
}

}
