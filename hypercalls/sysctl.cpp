// The machine and its domains as a whole, for the tools of the privileged domain (<xen/sysctl.h>).
#include <algorithm>
#include <array>

#include "abi/domctl.hpp"
#include "abi/physdev.hpp"
#include "abi/sysctl.hpp"
#include "debug/log.hpp"
#include "devices/clock.hpp"
#include "devices/nodes.hpp"
#include "devices/pci_devices.hpp"
#include "domain/run.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/cpu_policies.hpp"
#include "hypercalls/tool_structures.hpp"
#include "keys/keys.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/topology.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"
#include "table/sysctl.hpp"

namespace basalt::hypercalls {
namespace {

using Request = xen_sysctl_t;

// Incremental readers name where they were; the others get the oldest there is.
Result<> read_console(Request& request) {
    auto& wish = request.u.readconsole;
    const GuestPointer<char> buffer(wish.buffer.p);
    std::array<char, 256> piece;
    std::uint32_t index = read_log(wish.incremental != 0 ? wish.index : 0, {}).next;      // of what is still there
    std::uint32_t copied = 0;
    while (copied < wish.count) {
        const auto room = std::min<std::size_t>(piece.size(), wish.count - copied);
        const RingRead read = read_log(index, std::span(piece).first(room));
        if (read.copied == 0) break;
        TRY((buffer + copied).write(std::span<const char>(piece).first(read.copied)));
        copied += static_cast<std::uint32_t>(read.copied);
        index = read.next;
    }
    if (wish.clear != 0) forget_log_before(index);
    wish.index = index;
    wish.count = copied;
    return {};
}

// All CPUs are of one kind: this one tells what APIC ids mean.
CpuPlace place_of(CpuId cpu) {
    const auto read = [](std::uint32_t leaf, std::uint32_t subleaf) { return cpuid(leaf, subleaf); };
    return apic_id_parts(read, features().vendor == Vendor::amd).place_of(cpu_of(cpu).apic_id);
}

// How many threads a core has, and how many cores a chip: as the first has them, which is all that can be said.
void count_threads_and_cores(xen_sysctl_physinfo& info) {
    const CpuPlace first = place_of(CpuId(0));
    std::uint32_t threads = 0, in_chip = 0;
    online_cpus().for_each([&](CpuId cpu) {
        const CpuPlace place = place_of(cpu);
        if (place == first) ++threads;
        if (place.chip == first.chip) ++in_chip;
    });
    info.threads_per_core = threads;
    info.cores_per_socket = in_chip / threads;
}

Result<> physinfo(Request& request) {
    auto& info = request.u.physinfo;
    info = {};
    const FreeCounts memory = free_counts();
    count_threads_and_cores(info);
    info.nr_cpus = static_cast<std::uint32_t>(online_cpu_count());
    info.max_cpu_id = info.nr_cpus - 1;
    info.nr_nodes = online_node_count();
    info.max_node_id = most_nodes - 1;
    info.cpu_khz = static_cast<std::uint32_t>(tsc_hz() / 1000);
    info.capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
                        (basalt::features().hardware_guests() ? XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap : 0);
    info.total_pages = memory.total;
    info.free_pages = memory.for_guests();
    info.outstanding_pages = memory.claimed;
    info.max_mfn = memory_views.end.raw - 1;
    const CpuidLeaf features = cpuid(1);
    const CpuidLeaf extended = cpuid(0x80000001);
    info.hw_cap[0] = features.edx;
    info.hw_cap[1] = features.ecx;
    info.hw_cap[2] = extended.edx;
    info.hw_cap[3] = extended.ecx;
    info.hw_cap[5] = cpuid(7).ebx;
    return {};
}

Result<> scheduler_id(Request& request) {
    request.u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
    return {};
}

Result<> domain_list(Request& request) {
    auto& wish = request.u.getdomaininfolist;
    const GuestPointer<xen_domctl_getdomaininfo_t> buffer(wish.buffer.p);
    wish.num_domains = 0;
    Domain* domain = domain_from(DomainId(wish.first_domain));
    for (; domain != nullptr && wish.num_domains < wish.max_domains; domain = domain_after(*domain))
        TRY((buffer + wish.num_domains++).write(describe(*domain)));
    return {};
}

Result<> cpu_topology(Request& request) {
    auto& wish = request.u.cputopoinfo;
    auto cpus = static_cast<std::uint32_t>(online_cpu_count());
    const GuestPointer<xen_sysctl_cputopo_t> buffer(wish.cputopo.p);
    if (!buffer.is_null()) {
        cpus = std::min(cpus, wish.num_cpus);
        for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
            const CpuPlace place = place_of(CpuId(cpu));
            TRY((buffer + cpu).write({.core = place.core, .socket = place.chip, .node = node_of(CpuId(cpu)).raw}));
        }
    }
    wish.num_cpus = cpus;
    return {};
}

xen_sysctl_meminfo_t describe(NodeId node, std::uint64_t free_frames) {
    if (!is_online(node)) return {.memsize = XEN_INVALID_MEM_SZ, .memfree = XEN_INVALID_MEM_SZ};
    const auto memory = memory_of(node);
    return {.memsize = memory.end - memory.begin, .memfree = free_frames << page_shift};
}

Result<> numa(Request& request) {
    auto& wish = request.u.numainfo;
    const GuestPointer<xen_sysctl_meminfo_t> nodes(wish.meminfo.p);
    const GuestPointer<std::uint32_t> distances(wish.distance.p);
    const bool wants_lists = !nodes.is_null() || !distances.is_null();
    const auto count = wants_lists ? std::min(node_numbers(), wish.num_nodes) : node_numbers();
    const NodeCounts free = node_counts();
    for (std::uint32_t node = 0; node < count; ++node) {
        if (!nodes.is_null()) TRY((nodes + node).write(describe(NodeId(node), free[node])));
        if (distances.is_null()) continue;
        for (std::uint32_t to = 0; to < count; ++to)
            TRY((distances + (node * count + to))
                    .write(distance_between(NodeId(node), NodeId(to)).value_or(XEN_INVALID_NODE_DIST)));
    }
    wish.num_nodes = count;
    return {};
}

// Of so many at once: tools go on behind those that are done.
Result<> pci_topology(Request& request) {
    auto& wish = request.u.pcitopoinfo;
    constexpr std::uint32_t most_at_once = 256;
    const GuestPointer<physdev_pci_device_t> devices(wish.devs.p);
    const GuestPointer<std::uint32_t> nodes(wish.nodes.p);
    if (devices.is_null() || nodes.is_null()) return refuse(Error::invalid);
    const auto count = std::min(wish.num_devs, most_at_once);
    for (std::uint32_t device = 0; device < count; ++device) {
        const auto named = TRY((devices + device).read());
        const auto known = node_of(pci::Function{.segment = named.seg, .bus = named.bus, .devfn = named.devfn});
        const auto node = !known ? XEN_INVALID_DEV : known->has_value() ? (*known)->raw : XEN_INVALID_NODE_ID;
        TRY((nodes + device).write(node));
    }
    wish.num_devs = count;
    return {};
}

// There is one pool, number 0, with all CPUs and all domains in it.
Result<> cpu_pool(Request& request) {
    auto& wish = request.u.cpupool_op;
    switch (wish.op) {
        case XEN_SYSCTL_CPUPOOL_OP_INFO:
            if (wish.cpupool_id != 0) return refuse(Error::no_entry);
            wish.sched_id = XEN_SCHEDULER_CREDIT2;
            wish.n_dom = 0;
            for_each_domain([&](Domain&) { ++wish.n_dom; });
            return write_bit_map(wish.cpumap, online_cpus());
        case XEN_SYSCTL_CPUPOOL_OP_FREEINFO: return write_bit_map(wish.cpumap, {});
        case XEN_SYSCTL_CPUPOOL_OP_CREATE:
        case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
        case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN: return refuse(Error::not_supported);
        default: return refuse(Error::not_implemented);
    }
}

Result<> idle_times(Request& request) {
    auto& wish = request.u.getcpuinfo;
    const auto count = std::min(wish.max_cpus, static_cast<std::uint32_t>(online_cpu_count()));
    const GuestPointer<xen_sysctl_cpuinfo_t> times(wish.info.p);
    for (std::uint32_t cpu = 0; cpu < count; ++cpu) TRY((times + cpu).write({.idletime = scheduler().idle_time(CpuId(cpu))}));
    wish.nr_cpus = count;
    return {};
}

// What holds for every domain in the pool: the one number that credit2 has is how long a turn is at least.
Result<> pool_scheduling(Request& request) {
    auto& wish = request.u.scheduler_op;
    const bool sets = wish.cmd == XEN_SYSCTL_SCHEDOP_putinfo;
    if (!sets && wish.cmd != XEN_SYSCTL_SCHEDOP_getinfo) return refuse(Error::invalid);
    if (wish.cpupool_id != 0) return refuse(Error::no_such_process);
    if (wish.sched_id != XEN_SCHEDULER_CREDIT2) return refuse(Error::invalid);
    auto& credit = wish.u.sched_credit2;
    if (sets) TRY(scheduler().set_shortest_turn(microseconds(credit.ratelimit_us)));
    credit.ratelimit_us = static_cast<std::uint32_t>(scheduler().shortest_turn() / microseconds(1));
    return {};
}

// A report is long, and nobody presses that many keys.
Result<> debug_keys(Request& request) {
    const auto& wish = request.u.debug_keys;
    constexpr std::uint32_t most_keys = 64;
    if (wish.nr_keys > most_keys) return refuse(Error::too_big);
    const auto letters = GuestPointer<const char>(wish.keys.p).as<char>();
    for (std::uint32_t key = 0; key < wish.nr_keys; ++key) press_key(TRY((letters + key).read()));
    return {};
}

constexpr auto commands = bind<table::sysctl>(
    does<XEN_SYSCTL_readconsole, read_console>, does<XEN_SYSCTL_physinfo, physinfo>, does<XEN_SYSCTL_sched_id, scheduler_id>,
    does<XEN_SYSCTL_getdomaininfolist, domain_list>, does<XEN_SYSCTL_cputopoinfo, cpu_topology>,
    does<XEN_SYSCTL_numainfo, numa>, does<XEN_SYSCTL_pcitopoinfo, pci_topology>, does<XEN_SYSCTL_cpupool_op, cpu_pool>,
    does<XEN_SYSCTL_scheduler_op, pool_scheduling>, does<XEN_SYSCTL_getcpuinfo, idle_times>,
    does<XEN_SYSCTL_get_cpu_policy, system_cpu_policy>, does<XEN_SYSCTL_get_cpu_featureset, cpu_featureset>,
    does<XEN_SYSCTL_get_cpu_levelling_caps, cpu_levelling>, does<XEN_SYSCTL_debug_keys, debug_keys>);

}  // namespace

template <>
Ending hypercall<table::sysctl>(Call call) {
    return give_named<Request>(commands, table::sysctl, call);
}

}  // namespace basalt::hypercalls
