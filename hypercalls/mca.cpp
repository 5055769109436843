// Machine-check records for Dom0 (<xen/arch-x86/xen-mca.h>). None is kept for it: what the banks say is told in the log, and
// who cannot go on is ended by then.
#include "abi/mca.hpp"
#include "hypercalls/commands.hpp"
#include "machine/cpu.hpp"
#include "table/mca.hpp"

namespace basalt::hypercalls {
namespace {

using Request = xen_mc_t;

// One of the two queues is meant. An acknowledgement brings no record; everything else needs a place for one.
Result<> fetch(Request& request) {
    const auto flags = request.u.mc_fetch.flags;
    if (((flags & XEN_MC_URGENT) != 0) == ((flags & XEN_MC_NONURGENT) != 0)) return refuse(Error::invalid);
    if ((flags & XEN_MC_ACK) != 0) return {};
    if (request.u.mc_fetch.data.p == nullptr) return refuse(Error::invalid);
    request.u.mc_fetch.flags = XEN_MC_NODATA;
    request.u.mc_fetch.fetch_id = 0;
    return {};
}

// Without a place for the list only the number of CPUs is told.
Result<> physcpuinfo(Request& request) {
    auto& asked = request.u.mc_physcpuinfo;
    const auto online = static_cast<std::uint32_t>(online_cpu_count());
    const GuestPointer<xen_mc_logical_cpu_t> list(asked.info.p);
    if (list.is_null()) {
        asked.ncpus = online;
        return {};
    }
    if (asked.ncpus == 0) return refuse(Error::invalid);
    asked.ncpus = std::min(asked.ncpus, online);
    for (std::uint32_t cpu = 0; cpu < asked.ncpus; ++cpu) {
        xen_mc_logical_cpu_t info{};
        info.mc_cpunr = cpu;
        info.mc_apicid = cpu_of(CpuId(cpu)).apic_id;
        info.mc_coreid = static_cast<std::uint16_t>(cpu);
        info.mc_ncores = info.mc_ncores_active = online;
        info.mc_nthreads = 1;
        TRY((list + cpu).write(info));
    }
    return {};
}

constexpr auto commands = bind<table::mca>(does<XEN_MC_fetch, fetch>, does<XEN_MC_physcpuinfo, physcpuinfo>);

}  // namespace

template <>
Ending hypercall<table::mca>(Call call) {
    return give_named<Request>(commands, table::mca, call);
}

}  // namespace basalt::hypercalls
