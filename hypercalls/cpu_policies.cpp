// CPUID policies, as tools read them and choose them for a domain (<xen/domctl.h>, <xen/sysctl.h>).
#include "hypercalls/cpu_policies.hpp"

#include "abi/domctl.hpp"
#include "abi/sysctl.hpp"
#include "abi/xen.hpp"
#include "domain/doors.hpp"
#include "guests/policy/cpu_policy.hpp"
#include "guests/policy/machine_policy.hpp"
#include "machine/features.hpp"

namespace basalt::hypercalls {
namespace {

using policy::LeafNumber;

// A policy has MSRs too: these, which are zero for all guests.
constexpr std::uint32_t platform_information = 0xce, architecture_capabilities = 0x10a;
constexpr std::uint32_t most_msrs = 2;
using Msrs = std::array<xen_msr_entry_t, most_msrs>;
constexpr Msrs no_msrs{{{.idx = platform_information}, {.idx = architecture_capabilities}}};

// No leaves, no MSRs: the caller only wants to know how many there can be.
template <typename Leaf>
Result<> write_leaves(Leaf&& leaf, GuestPointer<xen_cpuid_leaf_t> to, std::uint32_t& count) {
    if (to.is_null()) {
        count = policy::most_leaves;
        return {};
    }
    std::uint32_t written = 0;
    TRY(policy::for_each_leaf(leaf, [&](LeafNumber number, const CpuidLeaf& found) -> Result<> {
        if (written == count) return refuse(Error::no_buffers);
        return (to + written++).write({number.leaf, number.subleaf, found.eax, found.ebx, found.ecx, found.edx});
    }));
    count = written;
    return {};
}

Result<> write_msrs(const Msrs& msrs, GuestPointer<xen_msr_entry_t> to, std::uint32_t& count) {
    if (!to.is_null()) {
        if (count < msrs.size()) return refuse(Error::no_buffers);
        TRY(to.write(msrs));
    }
    count = most_msrs;
    return {};
}

auto leaves_of(const CpuPolicy& policy, GuestKind kind) {
    return [&policy, &offer = policy::machine_offer(kind)](std::uint32_t leaf, std::uint32_t subleaf) {
        return policy::leaf_of(policy, offer, leaf, subleaf);
    };
}

// Applies `action` to the leaves of the policy with this number. Without hardware-assisted guests there are none for them.
template <typename Action>
Result<> with_system_policy(std::uint32_t index, Action&& action) {
    constexpr GuestKind pv = GuestKind::pv, hvm = GuestKind::hvm;
    switch (index) {
        case XEN_SYSCTL_cpu_policy_raw: return action(policy::raw_leaf);
        case XEN_SYSCTL_cpu_policy_host: return action(policy::host_leaf);
        case XEN_SYSCTL_cpu_policy_pv_max: return action(leaves_of(policy::machine_offer(pv).most, pv));
        case XEN_SYSCTL_cpu_policy_pv_default: return action(leaves_of(policy::machine_offer(pv).usual, pv));
        case XEN_SYSCTL_cpu_policy_hvm_max:
            if (!features().hardware_guests()) return refuse(Error::not_supported);
            return action(leaves_of(policy::machine_offer(hvm).most, hvm));
        case XEN_SYSCTL_cpu_policy_hvm_default:
            if (!features().hardware_guests()) return refuse(Error::not_supported);
            return action(leaves_of(policy::machine_offer(hvm).usual, hvm));
        default: return refuse(Error::invalid);
    }
}

// The same policies have other numbers as featuresets.
std::uint32_t policy_of_featureset(std::uint32_t index) {
    switch (index) {
        case XEN_SYSCTL_cpu_featureset_pv: return XEN_SYSCTL_cpu_policy_pv_default;
        case XEN_SYSCTL_cpu_featureset_pv_max: return XEN_SYSCTL_cpu_policy_pv_max;
        case XEN_SYSCTL_cpu_featureset_hvm: return XEN_SYSCTL_cpu_policy_hvm_default;
        case XEN_SYSCTL_cpu_featureset_hvm_max: return XEN_SYSCTL_cpu_policy_hvm_max;
        default: return index;   // raw, host, or none
    }
}

Result<> write_system_policy(xen_sysctl_cpu_policy_t& wish) {
    if (wish._rsvd != 0) return refuse(Error::invalid);
    return with_system_policy(wish.index, [&](auto&& leaf) -> Result<> {
        TRY(write_leaves(leaf, GuestPointer<xen_cpuid_leaf_t>(wish.leaves.p), wish.nr_leaves));
        return write_msrs(no_msrs, GuestPointer<xen_msr_entry_t>(wish.msrs.p), wish.nr_msrs);
    });
}

Result<> write_featureset(xen_sysctl_cpu_featureset& wish) {
    constexpr std::uint32_t all = policy::feature_set_words;
    const GuestPointer<std::uint32_t> to(wish.features.p);
    if (to.is_null()) {
        wish.nr_features = all;
        return {};
    }
    const std::uint32_t count = std::min(wish.nr_features, all);
    TRY(with_system_policy(policy_of_featureset(wish.index), [&](auto&& leaf) -> Result<> {
        const auto words = policy::feature_set(leaf);
        return to.write(std::span<const std::uint32_t>(words).first(count));
    }));
    wish.nr_features = count;
    return count < all ? Result<>(refuse(Error::no_buffers)) : Result<>();
}

Result<> take_leaves(CpuPolicy& wish, xen_domctl_cpu_policy_t& request) {
    if (request.nr_leaves > policy::most_leaves) return refuse(Error::too_big);
    const GuestPointer<xen_cpuid_leaf_t> from(request.leaves.p);
    for (std::uint32_t index = 0; index < request.nr_leaves; ++index) {
        const auto leaf = TRY((from + index).read());
        const auto chosen = choose(wish, LeafNumber{leaf.leaf, leaf.subleaf}, {leaf.a, leaf.b, leaf.c, leaf.d});
        if (chosen) continue;
        request.err_leaf = leaf.leaf;
        request.err_subleaf = leaf.subleaf;
        return chosen;
    }
    return {};
}

// Only zero can be chosen; what is said of the capabilities is forgotten, as on Xen.
Result<> check_msr(const xen_msr_entry_t& entry) {
    if (entry.flags != 0) return refuse(Error::invalid);
    if (entry.idx == architecture_capabilities) return {};
    if (entry.idx != platform_information) return refuse(Error::out_of_range);
    if (entry.val >> 32 != 0) return refuse(Error::overflow);
    return entry.val == 0 ? Result<>() : Result<>(refuse(Error::invalid));
}

Result<> check_msrs(xen_domctl_cpu_policy_t& request) {
    if (request.nr_msrs > most_msrs) return refuse(Error::too_big);
    const GuestPointer<xen_msr_entry_t> from(request.msrs.p);
    for (std::uint32_t index = 0; index < request.nr_msrs; ++index) {
        const auto entry = TRY((from + index).read());
        const auto checked = check_msr(entry);
        if (checked) continue;
        request.err_msr = entry.idx;
        return checked;
    }
    return {};
}

// Leaves that are not named stay as they were.
Result<CpuPolicy> choose_policy(CpuPolicy wish, GuestKind kind, xen_domctl_cpu_policy_t& request) {
    const CpuPolicy& most = policy::machine_offer(kind).most;
    TRY(take_leaves(wish, request));
    if (const auto last = policy::beyond(wish, most)) {
        request.err_leaf = last->leaf;
        request.err_subleaf = last->subleaf;
        return refuse(Error::invalid);
    }
    TRY(check_msrs(request));
    return policy::limited(wish, most);
}

}  // namespace

Result<> system_cpu_policy(xen_sysctl_t& request) { return write_system_policy(request.u.cpu_policy); }

Result<> cpu_featureset(xen_sysctl_t& request) { return write_featureset(request.u.cpu_featureset); }

// The CPUID instruction itself shows a PV guest the machine.
Result<> cpu_levelling(xen_sysctl_t& request) {
    request.u.cpu_levelling_caps.caps = 0;
    return {};
}

Result<> get_cpu_policy(Domain& domain, xen_domctl_t& request) {
    auto& wish = request.u.cpu_policy;
    TRY(write_leaves(leaves_of(policy::policy_of(domain), domain.kind), GuestPointer<xen_cpuid_leaf_t>(wish.leaves.p),
                     wish.nr_leaves));
    return write_msrs(no_msrs, GuestPointer<xen_msr_entry_t>(wish.msrs.p), wish.nr_msrs);
}

// A refusal says in the request where the trouble is.
Result<> set_cpu_policy(Domain& domain, Steering& steering, xen_domctl_t& request) {
    if (!steering.never_ran()) return refuse(Error::exists);
    auto& given = request.u.cpu_policy;
    auto answer = given;
    answer.err_leaf = answer.err_subleaf = answer.err_msr = ~std::uint32_t{0};
    const auto chosen = choose_policy(policy::policy_of(domain), domain.kind, answer);
    if (!chosen) {
        given = answer;
        return refuse(chosen.error());
    }
    steering.choose(*chosen);
    return {};
}

}  // namespace basalt::hypercalls
