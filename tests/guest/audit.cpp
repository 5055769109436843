// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Basalt's own call, while others do not wait for it. Stock Xen has no such call.
#include "abi/basalt.hpp"
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/small_domain.hpp"
#include "kit/user.hpp"

#include <atomic>
#include <optional>

asm(R"(
        .section .rodata
audited_spin:                                   # counts in its data page, and never asks for anything
        mov     $0xffffffff80001000, %rbx
1:      incq    (%rbx)
        jmp     1b
audited_end:
        .previous

        .section .user, "ax"
user_touch:     cmp %al, (%rax)                 # 0, in 32-bit code as well
user_ud2:       ud2
        .previous
)");
extern "C" {
extern const std::byte audited_spin[], audited_end[];
extern std::byte user_touch[], user_ud2[];
}

namespace kit {
namespace {

Status audit() { return hypercall(basalt::basalt_op_number, basalt::basalt_audit); }

constexpr std::string_view none = "stock Xen has no audit";
constexpr unsigned times = 40;

std::atomic<bool> enough;
std::atomic<unsigned> rounds, refused;
std::atomic<unsigned> paused_domain;

// On the second vcpu, until it is enough. Nothing here is at rest for long.
void change_tables() {
    Page& window = fresh_page();
    Page& spare = fresh_table();
    const std::uint64_t mfn = window.mfn();
    while (!enough) {
        if (update_va_mapping(window.address(), 0, UVMF_INVLPG | UVMF_ALL) != 0) ++refused;
        if (mmuext_op(MMUEXT_PIN_L1_TABLE, spare.mfn()) != 0) ++refused;
        if (mmuext_op(MMUEXT_UNPIN_TABLE, spare.mfn()) != 0) ++refused;
        if (update_va_mapping(window.address(), entry(mfn, kernel_page), UVMF_NONE) != 0) ++refused;
        ++rounds;
    }
}
void audit_too() {
    while (!enough) {
        if (audit() != 0) ++refused;
        ++rounds;
    }
}
// Pausing waits until the domain's vcpu has left its CPU, which may have been told to stand still just now.
void pause_and_unpause() {
    while (!enough) {
        if (domctl(XEN_DOMCTL_pausedomain, paused_domain) != 0) ++refused;
        if (domctl(XEN_DOMCTL_unpausedomain, paused_domain) != 0) ++refused;
        ++rounds;
    }
}

void audit_beside(Work other) {
    enough = false;
    rounds = refused = 0;
    begin_on_second(other);
    while (rounds == 0) call<rows::sched_op, SCHEDOP_yield>();
    for (unsigned i = 0; i < times; ++i) {
        if (!expect_equal(audit(), 0)) break;
        if (i % 4 == 0) call<rows::sched_op, SCHEDOP_yield>();
    }
    enough = true;
    finish_on_second();
    expect_equal(refused.load(), 0);
    expect(rounds > 1);
}

// All memory that Basalt has left, by extents that get smaller, and back. What is kept for Dom0's devices is given to whom
// it is for: to Dom0, when it names a bound for the address.
struct Extents {
    unsigned order = 0;
    std::size_t count = 0;
    std::array<xen_pfn_t, 512> frames{};

    Status ask(unsigned command) {
        xen_memory_reservation request{};
        set_xen_guest_handle(request.extent_start, frames.data());
        request.nr_extents = count;
        request.extent_order = order;
        request.mem_flags = XENMEMF_address_bits(32);
        request.domid = DOMID_SELF;
        return untyped::memory_op(command, &request);
    }
};

std::span<Extents> take_all_memory() {
    static std::array<Extents, 12> taken;
    std::size_t used = 0;
    for (unsigned order = 9; order < 10 && used < taken.size(); --order) {
        taken[used] = {order, taken[used].frames.size(), {}};
        const auto got = taken[used].ask(XENMEM_increase_reservation);
        taken[used++].count = got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    return std::span(taken).first(used);
}

// An end step by step, audited between the steps. ERESTART: Xen's public errno.h keeps it to itself.
void end_audited(const SmallDomain& other) {
    constexpr Status not_yet_done = -85;
    Status status = not_yet_done;
    while (status == not_yet_done) {
        status = domctl(XEN_DOMCTL_destroydomain, other.id);
        expect_equal(audit(), 0);
    }
    expect_equal(status, 0);
}

constexpr auto table = std::to_array<Case>({
    {"basalt_op", "refuses unknown commands; stock Xen knows none", [] {
        expect_equal(hypercall(basalt::basalt_op_number, 99), -XEN_ENOSYS);
        if (on_stock_xen()) expect_equal(audit(), -XEN_ENOSYS);
    }},
    {"basalt_op.audit", "agrees, again and again, and in a list of calls", [] {
        if (on_stock_xen()) return skip(none);
        for (unsigned i = 0; i < 3; ++i) expect_equal(audit(), 0);
        std::array<multicall_entry_t, 2> list{};
        for (auto& call : list) call.op = basalt::basalt_op_number;
        list[1].args[0] = 99;
        expect_equal(multicall(list), 0);
        expect_equal(static_cast<Status>(list[0].result), 0);
        expect_equal(static_cast<Status>(list[1].result), -XEN_ENOSYS);
    }},
    {"basalt_op.audit", "knows which tables are loaded, by whichever way user mode was entered and left", [] {
        if (on_stock_xen()) return skip(none);
        for (const std::uint32_t cs : {FLAT_USER_CS64, FLAT_USER_CS32})
            for (const std::uint64_t flags : {0, VGCF_in_syscall})
                for (const std::byte* code : {user_touch, user_ud2}) {
                    Frame frame = user_frame(code);
                    frame.cs = cs;
                    frame.error = flags;
                    expect_equal(run_user(frame).cs, cs);
                    expect_equal(audit(), 0);
                }
    }},
    {"basalt_op.audit", "says so when there is no memory to count in", [] {
        if (on_stock_xen()) return skip(none);
        const auto taken = take_all_memory();
        expect(taken[0].count > 0);
        expect_equal(audit(), -XEN_ENOMEM);
        for (Extents& extents : taken)
            expect_equal(static_cast<std::size_t>(extents.ask(XENMEM_decrease_reservation)), extents.count);
        expect_equal(audit(), 0);
    }},
    {"basalt_op.audit", "beside a vcpu that changes page tables", [] {
        if (on_stock_xen()) return skip(none);
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        audit_beside(change_tables);
    }},
    {"basalt_op.audit", "two at once", [] {
        if (on_stock_xen()) return skip(none);
        audit_beside(audit_too);
    }},
    {"basalt_op.audit", "beside a domain that runs, is paused and unpaused, and is gone", [] {
        if (on_stock_xen()) return skip(none);
        const SmallDomain other({audited_spin, audited_end});
        if (!expect_equal(other.trouble, 0)) return;
        expect_equal(audit(), 0);
        expect_equal(other.start(), 0);
        paused_domain = other.id;
        audit_beside(pause_and_unpause);
        end_audited(other);
    }},
    {"basalt_op.audit", "beside ten domains that run, and as each ends", [] {
        if (on_stock_xen()) return skip(none);
        std::array<std::optional<SmallDomain>, 10> others;
        for (auto& other : others) {
            other.emplace(std::span{audited_spin, audited_end});
            if (!expect_equal(other->trouble, 0)) return;
            expect_equal(other->start(), 0);
            expect_equal(audit(), 0);
        }
        for (auto& other : others) end_audited(*other);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
