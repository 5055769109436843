#include "hypercalls/tool_structures.hpp"

#include <algorithm>
#include <array>

#include "abi/domctl.hpp"
#include "abi/vcpu.hpp"
#include "abi/xen.hpp"
#include "domain/run.hpp"

namespace basalt::hypercalls {
namespace {

using Bytes = std::array<std::uint8_t, sizeof(CpuMask::bits)>;

std::size_t bytes_of(const xenctl_bitmap& map) { return (std::size_t{map.nr_bits} + 7) / 8; }

std::uint32_t flags_of(Domain& domain) {
    std::uint32_t flags = 0;
    bool running = false;
    bool blocked = true;
    for (const Vcpu* vcpu : domain.vcpus()) {
        if (!vcpu->unit.is_up()) continue;
        running |= vcpu->unit.on_cpu();
        blocked &= vcpu->unit.blocked();
    }
    if (running) flags |= XEN_DOMINF_running;
    if (blocked) flags |= XEN_DOMINF_blocked;
    if (domain.pauses() != 0) flags |= XEN_DOMINF_paused;
    if (domain.is_dying()) flags |= XEN_DOMINF_dying;
    const RunEnd::State end = domain.run_end.state();
    if (end.over) flags |= XEN_DOMINF_shutdown;
    const std::uint32_t reason =
        end.reason ? *end.reason : ~std::uint32_t{0};   // none: as Xen tells it, to tools of dying domains
    return flags | reason << XEN_DOMINF_shutdownshift;
}

}  // namespace

xen_domctl_getdomaininfo describe(Domain& domain) {
    xen_domctl_getdomaininfo info{};
    info.domain = domain.id.raw;
    info.flags = flags_of(domain);
    info.tot_pages = domain.memory.total;
    info.max_pages = domain.memory.most;
    info.outstanding_pages = domain.memory.claimed;
    info.shared_info_frame = domain.shared_info_frame.raw;
    info.max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    for (Vcpu* vcpu : domain.vcpus()) {
        info.max_vcpu_id = vcpu->id.raw;
        info.nr_online_vcpus += vcpu->unit.is_up() ? 1 : 0;
        info.cpu_time += scheduler().runstate(vcpu->unit).time[RUNSTATE_running];
    }
    domain.handle.with([&](const DomainHandle& handle) { std::ranges::copy(handle, info.handle); });
    if (domain.kind == GuestKind::hvm) {
        info.flags |= XEN_DOMINF_hvm_guest | XEN_DOMINF_hap;
        info.arch_config.emulation_flags = XEN_X86_EMU_LAPIC;
    }
    return info;
}

Result<> write_bit_map(const xenctl_bitmap& map, CpuMask cpus) {
    const GuestPointer<std::uint8_t> bytes(map.bitmap.p);
    for (std::size_t index = 0; index < std::min(bytes_of(map), most_map_bytes); ++index) {
        auto byte = index < sizeof(cpus.bits) ? static_cast<std::uint8_t>(cpus.bits >> 8 * index) : std::uint8_t{0};
        if (index == map.nr_bits / 8) byte &= static_cast<std::uint8_t>((1 << map.nr_bits % 8) - 1);
        TRY((bytes + index).write(byte));
    }
    return {};
}

Result<CpuMask> read_bit_map(const xenctl_bitmap& map) {
    Bytes bytes{};
    const std::size_t given = std::min(bytes_of(map), bytes.size());
    TRY(GuestPointer<std::uint8_t>(map.bitmap.p).read(std::span(bytes).first(given)));
    CpuMask cpus;
    for (std::uint32_t cpu = 0; cpu < std::min<std::uint32_t>(map.nr_bits, most_cpus); ++cpu)
        if ((bytes[cpu / 8] >> cpu % 8 & 1) != 0) cpus = cpus.with(CpuId(cpu));
    return cpus;
}

}  // namespace basalt::hypercalls
