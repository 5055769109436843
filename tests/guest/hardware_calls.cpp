// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What hardware-assisted guests and their tools ask of the hypervisor, beside memory.
#include "kit/calling_domain.hpp"
#include "kit/case.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

xen_hvm_param_t parameter(unsigned domain, std::uint32_t index, std::uint64_t value = 0) {
    return {.domid = static_cast<domid_t>(domain), .pad = 0, .index = index, .value = value};
}
std::int64_t set(unsigned domain, std::uint32_t index, std::uint64_t value) {
    xen_hvm_param_t request = parameter(domain, index, value);
    return call<rows::hvm_op, HVMOP_set_param>(request);
}
std::int64_t get(unsigned domain, std::uint32_t index, std::uint64_t& value) {
    xen_hvm_param_t request = parameter(domain, index, 0x5555);
    const auto status = call<rows::hvm_op, HVMOP_get_param>(request);
    value = request.value;
    return status;
}
void expect_value(unsigned domain, std::uint32_t index, std::uint64_t expected) {
    std::uint64_t value = 0;
    expect_equal(get(domain, index, value), 0);
    expect_equal(value, expected);
}

// One that has only to be there, and is not started.
const HardwareDomain& waiting() {
    constexpr static std::array halt{std::byte{0xfa}, std::byte{0xf4}};
    static const HardwareDomain domain(halt);
    return domain;
}

void expect_made(CallingDomain& domain) {
    expect_equal(domain.trouble, 0);
    expect(domain.makes_its_calls());
    expect_equal(domain.trouble, 0);
    expect_equal(domain.destroy(), 0);
}

constexpr auto dropped = std::to_array<std::uint32_t>({4, 13, 20, 21, 22, 23, 24, 25, 26, 30});

constexpr auto table = std::to_array<Case>({
    {"hvm_op.set_param", "keeps what libxl and libxc tell such a guest", [] {
        const unsigned id = waiting().id;
        for (const std::uint32_t index : {1u, 2u, 11u, 12u, 16u, 17u, 18u, 27u, 28u, 29u, 34u}) {
            expect_equal(set(id, index, 0x1234'5678'9000 + index), 0);
            expect_value(id, index, 0x1234'5678'9000 + index);
        }
        expect_equal(set(id, HVM_PARAM_TIMER_MODE, 1), 0);
        expect_equal(set(id, HVM_PARAM_ALTP2M, 0), 0);
        expect_value(id, HVM_PARAM_TIMER_MODE, 1);
        expect_equal(set(id, HVM_PARAM_TIMER_MODE, 4), -XEN_EINVAL);
        expect_value(id, HVM_PARAM_TIMER_MODE, 1);
        expect_value(id, HVM_PARAM_TRIPLE_FAULT_REASON, SHUTDOWN_reboot);
        expect_equal(set(id, HVM_PARAM_TRIPLE_FAULT_REASON, SHUTDOWN_MAX + 1), -XEN_EINVAL);
        for (const std::uint32_t index : {9u, 14u, 38u, 5u, 6u, 32u, 33u, 37u, 0u}) expect_value(id, index, 0);
    }},
    {"hvm_op.set_param", "changes some only once", [] {
        const unsigned id = waiting().id;
        for (const std::uint32_t index : {5u, 6u, 32u, 33u, 35u}) {
            expect_equal(set(id, index, 3), 0);
            expect_equal(set(id, index, 3), 0);
            expect_equal(set(id, index, 2), -XEN_EEXIST);
            expect_value(id, index, 3);
        }
        expect_equal(set(id, HVM_PARAM_ALTP2M, 4), -XEN_EEXIST);
    }},
    {"hvm_op.set_param", "refuses values that mean nothing", [] {
        const unsigned id = waiting().id;
        expect_equal(set(id, HVM_PARAM_X87_FIP_WIDTH, 3), -XEN_EINVAL);
        expect_equal(set(id, HVM_PARAM_X87_FIP_WIDTH, 4), 0);
        expect_value(id, HVM_PARAM_X87_FIP_WIDTH, 4);
        expect_equal(set(id, HVM_PARAM_VM86_TSS, 0x1'0000'0000), -XEN_EINVAL);
        expect_equal(set(id, HVM_PARAM_VM86_TSS_SIZED, 0x67'0000'1000), -XEN_EINVAL);
        expect_equal(set(id, HVM_PARAM_VM86_TSS_SIZED, 0x68'0000'1000), 0);
        expect_value(id, HVM_PARAM_VM86_TSS_SIZED, 0x68'0000'1000);
        expect_value(id, HVM_PARAM_VM86_TSS, 0x1000);
        expect_equal(set(id, HVM_PARAM_VM86_TSS, 0x3000), 0);
        expect_value(id, HVM_PARAM_VM86_TSS_SIZED, 0x80'0000'3000);
        expect_equal(set(id, HVM_PARAM_VM86_TSS_SIZED, 0xffff'ffff'0000'1000), 0);
        expect_value(id, HVM_PARAM_VM86_TSS_SIZED, 0x2089'0000'1000);
        expect_equal(set(id, HVM_PARAM_ACPI_IOPORTS_LOCATION, 1), -XEN_ENODEV);
        expect_equal(set(id, HVM_PARAM_ACPI_S_STATE, 1), -XEN_EINVAL);
        expect_equal(set(id, HVM_PARAM_MCA_CAP, 1), -XEN_EINVAL);
        expect_equal(set(id, HVM_PARAM_VIRIDIAN, 2), -XEN_EINVAL);
        for (const std::uint32_t index : dropped) expect_equal(set(id, index, 0), -XEN_EINVAL);
        expect_equal(set(id, HVM_NR_PARAMS, 0), -XEN_EINVAL);
    }},
    {"hvm_op.get_param", "knows as many as Xen's headers do", [] {
        const unsigned id = waiting().id;
        std::uint64_t value = 0;
        for (const std::uint32_t index : dropped) expect_equal(get(id, index, value), -XEN_EINVAL);
        expect_equal(get(id, HVM_NR_PARAMS, value), -XEN_EINVAL);
        expect_equal(get(nobody, HVM_NR_PARAMS, value), -XEN_EINVAL);
        expect_equal(get(nobody, 0, value), -XEN_ESRCH);
    }},
    {"hvm_op.set_param", "is for hardware-assisted guests", [] {
        std::uint64_t value = 0;
        expect_equal(set(DOMID_SELF, HVM_PARAM_STORE_EVTCHN, 1), -XEN_EINVAL);
        expect_equal(set(idle_domain().id, HVM_PARAM_STORE_EVTCHN, 1), -XEN_EINVAL);
        expect_equal(get(idle_domain().id, HVM_PARAM_STORE_EVTCHN, value), -XEN_EINVAL);
        expect_equal(set(nobody, HVM_PARAM_STORE_EVTCHN, 1), -XEN_ESRCH);
    }},
    {"hvm_op.set_param", "lets a guest itself set what is its own to say", [] {
        CallingDomain domain;
        unsigned answers[HVM_NR_PARAMS];
        for (std::uint32_t index = 0; index < HVM_NR_PARAMS; ++index)
            answers[index] = domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_set_param,
                                              parameter(DOMID_SELF, index, index == HVM_PARAM_VM86_TSS_SIZED ? 0x68'0000'1000 : 0));
        const unsigned other = domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_set_param, parameter(0, 0, 1));
        const unsigned by_number = domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_set_param, parameter(domain.id, 0, 1));
        expect_made(domain);
        for (std::uint32_t index = 0; index < HVM_NR_PARAMS; ++index) {
            std::int64_t expected = -XEN_EPERM;
            for (const std::uint32_t old : dropped)
                if (index == old) expected = -XEN_EINVAL;
            for (const std::uint32_t own : {0u, 2u, 15u, 18u, 34u, 36u, 37u})
                if (index == own) expected = 0;
            if (index == 19) expected = -XEN_ENODEV;
            expect_equal(domain.answer(answers[index]), expected);
        }
        // A lack of privilege comes first here; Xen sees first that Dom0 is a PV guest.
        expect_equal(domain.answer(other), on_stock_xen() ? -XEN_EINVAL : -XEN_EPERM);
        expect_equal(domain.answer(by_number), 0);
    }},
    {"hvm_op.get_param", "tells a guest where its console and its store are", [] {
        CallingDomain domain;
        expect_equal(set(domain.id, HVM_PARAM_STORE_PFN, 0xfeffc), 0);
        expect_equal(set(domain.id, HVM_PARAM_CONSOLE_EVTCHN, 2), 0);
        const std::uint64_t store = domain.place(parameter(DOMID_SELF, HVM_PARAM_STORE_PFN));
        const unsigned asked = domain.asks(__HYPERVISOR_hvm_op, HVMOP_get_param, store);
        const std::uint64_t console = domain.place(parameter(domain.id, HVM_PARAM_CONSOLE_EVTCHN));
        const unsigned also = domain.asks(__HYPERVISOR_hvm_op, HVMOP_get_param, console);
        unsigned answers[HVM_NR_PARAMS];
        for (std::uint32_t index = 0; index < HVM_NR_PARAMS; ++index)
            answers[index] = domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_get_param, parameter(DOMID_SELF, index));
        expect_made(domain);
        expect_equal(domain.answer(asked), 0);
        expect_equal(domain.placed<xen_hvm_param_t>(store).value, 0xfeffcu);
        expect_equal(domain.answer(also), 0);
        expect_equal(domain.placed<xen_hvm_param_t>(console).value, 2u);
        for (std::uint32_t index = 0; index < HVM_NR_PARAMS; ++index) {
            std::int64_t expected = -XEN_EPERM;
            for (const std::uint32_t old : dropped)
                if (index == old) expected = -XEN_EINVAL;
            for (const std::uint32_t own : {0u, 1u, 2u, 15u, 17u, 18u, 19u, 34u, 35u, 36u, 37u})
                if (index == own) expected = 0;
            expect_equal(domain.answer(answers[index]), expected);
        }
    }},
    {"domctl.settscinfo", "takes the TSC of such a guest as libxl wishes it", [] {
        HardwareDomain domain({});
        xen_domctl_t request{};
        request.u.tsc_info.tsc_mode = 2;     // native
        expect_equal(domctl(XEN_DOMCTL_settscinfo, domain.id, request), 0);
        request = {};
        expect_equal(domctl(XEN_DOMCTL_gettscinfo, domain.id, request), 0);
        expect_equal(request.u.tsc_info.tsc_mode, 2u);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.hypercall_init", "is for PV guests", [] {
        if (on_stock_xen()) return skip("our own promise: such a guest has its hypercall page by the MSR that CPUID tells of");
        xen_domctl_t request{};
        request.u.hypercall_init.gmfn = CallingDomain::spare;
        expect_equal(domctl(XEN_DOMCTL_hypercall_init, waiting().id, request), -XEN_EOPNOTSUPP);
    }},
    {"memory_op.claim_pages", "sets frames aside for such a guest", [] {
        HardwareDomain domain({});
        xen_memory_reservation claim{};
        claim.nr_extents = 1024;
        claim.domid = static_cast<domid_t>(domain.id);
        expect_equal(call<rows::memory_op, XENMEM_claim_pages>(claim), 0);
        expect_equal(call<rows::memory_op, XENMEM_claim_pages>(claim), -XEN_EINVAL);
        claim.nr_extents = 0;
        expect_equal(call<rows::memory_op, XENMEM_claim_pages>(claim), 0);
        expect_equal(domain.destroy(), 0);
    }},
    {"hvm_op.set_evtchn_upcall_vector", "takes a vector that a local APIC can", [] {
        using Upcall = xen_hvm_evtchn_upcall_vector_t;
        CallingDomain domain;
        const unsigned made = domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, Upcall{0, 0xf3});
        const unsigned low = domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, Upcall{0, 15});
        const unsigned absent = domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, Upcall{1, 0xf3});
        const unsigned unread = domain.asks(__HYPERVISOR_hvm_op, HVMOP_set_evtchn_upcall_vector, nowhere);
        const unsigned dying =
            domain.asks_with(__HYPERVISOR_hvm_op, HVMOP_pagetable_dying, xen_hvm_pagetable_dying_t{DOMID_SELF, {}, 0});
        const unsigned unknown = domain.asks(__HYPERVISOR_hvm_op, 99, 0);
        expect_made(domain);
        expect_equal(domain.answer(made), 0);
        expect_equal(domain.answer(low), -XEN_EINVAL);
        expect_equal(domain.answer(absent), -XEN_ENOENT);
        expect_equal(domain.answer(unread), -XEN_EFAULT);
        expect_equal(domain.answer(dying), -XEN_EINVAL);
        expect_equal(domain.answer(unknown), -XEN_ENOSYS);
        Upcall own{0, 0xf3};
        expect_equal(call<rows::hvm_op, HVMOP_set_evtchn_upcall_vector>(own), -XEN_EINVAL);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
