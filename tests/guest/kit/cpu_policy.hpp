// CPU policies as tools read them: the most that a kind of guest is offered, and what a domain has.
#pragma once

#include "case.hpp"
#include "other_domain.hpp"

#include <array>
#include <cstdint>

namespace kit {

constexpr std::uint32_t none = XEN_CPUID_NO_SUBLEAF;
constexpr unsigned most_leaves = 120, most_msrs = 2;

struct Policy {
    std::array<xen_cpuid_leaf_t, 160> leaves{};
    std::array<xen_msr_entry_t, 4> msrs{};
    unsigned leaf_count = most_leaves;
    unsigned msr_count = most_msrs;

    xen_cpuid_leaf_t leaf(std::uint32_t number, std::uint32_t subleaf = none) const {
        for (unsigned i = 0; i < leaf_count; ++i)
            if (leaves[i].leaf == number && leaves[i].subleaf == subleaf) return leaves[i];
        return {number, subleaf, 0, 0, 0, 0};
    }
};

template <class Wish>
void fill(Wish& wish, Policy& policy) {
    wish.nr_leaves = policy.leaf_count;
    wish.nr_msrs = policy.msr_count;
    set_xen_guest_handle(wish.leaves, policy.leaves.data());
    set_xen_guest_handle(wish.msrs, policy.msrs.data());
}

inline Status read_system(unsigned index, Policy& policy) {
    xen_sysctl_t request{};
    request.u.cpu_policy.index = index;
    fill(request.u.cpu_policy, policy);
    const auto status = sysctl(XEN_SYSCTL_get_cpu_policy, request);
    policy.leaf_count = request.u.cpu_policy.nr_leaves;
    policy.msr_count = request.u.cpu_policy.nr_msrs;
    return status;
}

inline Policy& system_policy(unsigned index) {
    static Policy policy;
    policy = {};
    expect_equal(read_system(index, policy), 0);
    return policy;
}

inline Policy& policy_of(unsigned domain) {
    static Policy policy;
    policy = {};
    xen_domctl_t request{};
    fill(request.u.cpu_policy, policy);
    expect_equal(domctl(XEN_DOMCTL_get_cpu_policy, domain, request), 0);
    policy.leaf_count = request.u.cpu_policy.nr_leaves;
    policy.msr_count = request.u.cpu_policy.nr_msrs;
    return policy;
}

}
