// A domain is made, stopped, let go on, and ended.
#include <algorithm>

#include "abi/domctl.hpp"
#include "abi/xen.hpp"
#include "debug/log.hpp"
#include "domain/run.hpp"
#include "hypercalls/domctl_calls.hpp"
#include "machine/features.hpp"
#include "paging/budget.hpp"

namespace basalt::hypercalls {
namespace {

constexpr std::uint32_t only_grant_version = 1;

// What a PV domain without devices of the machine can be made with.
constexpr std::uint32_t accepted_flags = XEN_DOMCTL_CDF_oos_off | XEN_DOMCTL_CDF_xs_domain;

// Negative: as many as there may be.
Result<std::uint32_t> limit_of(std::int32_t wanted, std::uint32_t most) {
    if (wanted < 0) return most;
    if (static_cast<std::uint32_t>(wanted) > most) return refuse(Error::invalid);
    return static_cast<std::uint32_t>(wanted);
}

// Hardware-assisted guests have nested tables, where this machine has them at all.
Result<GuestKind> kind_of(std::uint32_t flags) {
    constexpr std::uint32_t hardware_assisted = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap;
    const std::uint32_t kind = flags & hardware_assisted;
    if ((flags & ~accepted_flags & ~hardware_assisted) != 0) return refuse(Error::invalid);
    if (kind == 0) return GuestKind::pv;
    if (kind != hardware_assisted || !features().hardware_guests()) return refuse(Error::invalid);
    return GuestKind::hvm;
}

// Which devices the hypervisor has for them: of PVH guests, the local APIC.
std::uint32_t emulated_for(GuestKind kind) { return kind == GuestKind::hvm ? XEN_X86_EMU_LAPIC : 0; }

Result<DomainWishes> wishes_of(const xen_domctl_createdomain& wanted) {
    const GuestKind kind = TRY(kind_of(wanted.flags));
    if (wanted.iommu_opts != 0) return refuse(Error::invalid);
    if (wanted.max_vcpus > most_vcpus) {
        log(Level::warning, "a domain of {} vcpus is wished: it may have {} at most", wanted.max_vcpus, most_vcpus);
        return refuse(Error::invalid);       // in which tools find no reason
    }
    if (wanted.max_vcpus == 0) return refuse(Error::invalid);
    if (XEN_DOMCTL_GRANT_version(wanted.grant_opts) != only_grant_version || wanted.grant_opts != only_grant_version)
        return refuse(Error::invalid);
    if (wanted.vmtrace_size != 0 || (wanted.arch.misc_flags & ~XEN_X86_MSR_RELAXED) != 0) return refuse(Error::invalid);
    if (wanted.cpupool_id != 0) return refuse(Error::no_such_process);
    if (wanted.arch.emulation_flags != emulated_for(kind)) return refuse(Error::not_supported);
    DomainWishes wishes{.id = DomainId(0), .kind = kind, .vcpu_limit = wanted.max_vcpus};
    if (features().vmx_guests.used) wishes.nested = nested::Format::intel;
    wishes.port_limit = std::min(wanted.max_evtchn_port, events::fifo_ports - 1) + 1;
    wishes.grant_frame_limit = TRY(limit_of(wanted.max_grant_frames, grants::limits().frames));
    if (wishes.grant_frame_limit == 0) return refuse(Error::invalid);
    wishes.maptrack_frame_limit = TRY(limit_of(wanted.max_maptrack_frames, grants::limits().mapping_frames));
    std::ranges::copy(wanted.handle, wishes.handle.begin());
    return wishes;
}

}  // namespace

// Without a number, or with one that cannot be a domain's, it gets one that is free. It is born paused.
Result<> create(xen_domctl_t& request) {
    auto wishes = TRY(wishes_of(request.u.createdomain));
    const bool numbered = request.domain != 0 && request.domain < DOMID_FIRST_RESERVED;
    wishes.id = numbered ? DomainId(request.domain) : TRY(unused_domain_id());
    wishes.paused = true;
    request.domain = TRY(create_domain(wishes))->id.raw;
    return {};
}

Step<> destroy(Steering& steering) {
    paging::Budget budget;
    return steering.end(budget);
}

Result<> pause(Steering& steering) { return steering.pause(); }
Result<> unpause(Steering& steering) { return steering.unpause(); }

Result<> resume_after_shutdown(Steering& steering) {
    steering.resume();
    return {};
}

}  // namespace basalt::hypercalls
