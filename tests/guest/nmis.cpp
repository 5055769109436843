// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 --monitor 'an NMI of the machine, please' nmi | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// NMIs for guests: who sends them, where a kernel meets them, and when it does not.
#include "kit/case.hpp"
#include "kit/other_domain.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/twin.hpp"
#include "kit/user.hpp"

#include <atomic>

asm(R"(
        .section .user, "ax"
user_ud2:       ud2
        .previous
)");
extern "C" std::byte vector_2[], user_ud2[];

namespace kit {
namespace {

constexpr unsigned nmi = 2;

std::atomic<unsigned> came;
Frame last;
std::uint8_t events_shut_out;

bool note(Frame& frame) {
    ++came;
    last = frame;
    events_shut_out = vcpu_info().evtchn_upcall_mask;
    return true;
}

Status send_nmi(unsigned vcpu) { return call<rows::vcpu_op, VCPUOP_send_nmi>(vcpu); }

// It comes on the way back from a call at the latest.
unsigned come_since(unsigned before) {
    call<rows::xen_version, XENVER_version>();
    return came - before;
}

Status register_by_callback_op() {
    callback_register_t callback{};
    callback.type = CALLBACKTYPE_nmi;
    callback.address = reinterpret_cast<xen_callback_t>(vector_2);
    return call<rows::callback_op, CALLBACKOP_register>(callback);
}
Status unregister_by_callback_op() {
    callback_unregister_t callback{};
    callback.type = CALLBACKTYPE_nmi;
    return call<rows::callback_op, CALLBACKOP_unregister>(callback);
}
Status register_by_nmi_op() {
    xennmi_callback_t callback{};
    callback.handler_address = reinterpret_cast<unsigned long>(vector_2);
    return call<rows::nmi_op, XENNMI_register_callback>(callback);
}

// The kit's own gate, as it is for the other guests.
void put_gate_back() { expect_equal(set_trap_table(kit_trap_table()), 0); }

Status trigger(unsigned domain, unsigned what, unsigned vcpu = 0) {
    xen_domctl_t request{};
    request.u.sendtrigger.trigger = what;
    request.u.sendtrigger.vcpu = vcpu;
    return domctl(XEN_DOMCTL_sendtrigger, domain, request);
}

// On the second vcpu, events shut out: nothing but an NMI ends this.
void sleep_until_nmi() {
    register_by_nmi_op();
    evtchn_port_t port = 0;
    sched_poll_t request{};
    set_xen_guest_handle(request.ports, &port);
    for (const unsigned before = came; came == before;) call<rows::sched_op, SCHEDOP_poll>(request);
}

bool second_is_blocked() {
    vcpu_runstate_info state{};
    call<rows::vcpu_op, VCPUOP_get_runstate_info>(1, state);
    return state.state == RUNSTATE_blocked;
}

// In the twin: the handler of its NMI says that it is over.
[[noreturn]] void twin_waits_for_nmi() {
    set_hook(nmi, [](Frame&) {
        sched_shutdown_t over{SHUTDOWN_suspend};
        call<rows::sched_op, SCHEDOP_shutdown>(over);
        return true;
    });
    register_by_callback_op();
    for (;;) call<rows::sched_op, SCHEDOP_block>();
}

// In the twin: a gate of NMIs that is at no address, or none any more.
[[noreturn]] void twin_names_no_address() {
    sched_shutdown_t over{SHUTDOWN_suspend};
    xennmi_callback_t at_zero{};
    call<rows::nmi_op, XENNMI_register_callback>(at_zero);
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(over);
}
[[noreturn]] void twin_names_none() {
    sched_shutdown_t over{SHUTDOWN_suspend};
    unregister_by_callback_op();
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(over);
}

trap_info_t gate_shown_after(void (*body)()) {
    static vcpu_guest_context_t context;
    Twin twin(body);
    expect_equal(twin.trouble, 0);
    expect_equal(twin.start(), 0);
    expect_equal(twin.ended(), SHUTDOWN_suspend);
    xen_domctl_t request{};
    set_xen_guest_handle(request.u.vcpucontext.ctxt, &context);
    expect_equal(domctl(XEN_DOMCTL_getvcpucontext, twin.id, request), 0);
    expect_equal(twin.destroy(), 0);
    return context.trap_ctxt[nmi];
}

constexpr auto table = std::to_array<Case>({
    {"vcpu_op.send_nmi", "enters gate 2 of the trap table, in the kernel, and the frame goes back", [] {
        set_hook(nmi, note);
        vcpu_info().evtchn_upcall_mask = 0;
        const unsigned before = came;
        expect_equal(send_nmi(0), 0);
        expect_equal(come_since(before), 1);
        expect_equal(last.vector, 2);
        expect_equal(last.cs & 3, 0);
        expect_equal(last.rflags & 0x200, 0x200);
        expect_equal(events_shut_out, 0);          // as the kit's gate says
        vcpu_info().evtchn_upcall_mask = 1;
    }},
    {"callback_op.register", "a handler of NMIs is entered with events shut out", [] {
        expect_equal(register_by_callback_op(), 0);
        vcpu_info().evtchn_upcall_mask = 0;
        const unsigned before = came;
        expect_equal(send_nmi(0), 0);
        expect_equal(come_since(before), 1);
        expect_equal(events_shut_out, 1);
        expect_equal(vcpu_info().evtchn_upcall_mask, 0);
        vcpu_info().evtchn_upcall_mask = 1;
    }},
    {"iret", "lets the next NMI in, and not before", [] {
        static unsigned within;
        set_hook(nmi, [](Frame& frame) {
            note(frame);
            if (came % 2 == 0) return true;
            const unsigned now = came;
            send_nmi(0), send_nmi(0);              // two that are pending are one
            within = come_since(now);
            return true;
        });
        came = 0;
        expect_equal(send_nmi(0), 0);
        expect_equal(come_since(0), 2);
        expect_equal(within, 0);
        set_hook(nmi, note);
    }},
    {"iret", "of an exception within the handler lets the next NMI in as well", [] {
        static unsigned within;
        set_hook(6, [](Frame& frame) {
            frame.rip += 2;                        // behind UD2
            return true;
        });
        set_hook(nmi, [](Frame& frame) {
            note(frame);
            if (came > 1) return true;
            send_nmi(0);
            asm volatile("ud2");
            within = come_since(1);
            return true;
        });
        came = 0;
        expect_equal(send_nmi(0), 0);
        expect_equal(come_since(0), 2);
        expect_equal(within, 1);
        set_hook(6, nullptr);
        set_hook(nmi, note);
    }},
    {"iret", "to user mode within the handler lets the next NMI in as well", [] {
        static unsigned within;
        set_hook(nmi, [](Frame& frame) {
            note(frame);
            if (came > 1) return true;
            send_nmi(0);
            run_user(user_frame(user_ud2));
            within = came;
            return true;
        });
        came = 0;
        expect_equal(send_nmi(0), 0);
        expect_equal(come_since(0), 2);
        expect_equal(within, 2);
        set_hook(nmi, note);
    }},
    {"callback_op.unregister", "an NMI without a handler is nobody's, then and later", [] {
        expect_equal(unregister_by_callback_op(), 0);
        const unsigned before = came;
        expect_equal(send_nmi(0), 0);
        expect_equal(come_since(before), 0);
        expect_equal(register_by_callback_op(), 0);
        expect_equal(come_since(before), 0);
    }},
    {"nmi_op.register_callback", "vcpu 0 has one at once where shared_info names a cause", [] {
        expect_equal(call<rows::nmi_op, XENNMI_unregister_callback>(), 0);
        const unsigned before = came;
        shared->arch.nmi_reason = XEN_NMIREASON_unknown;
        expect_equal(register_by_nmi_op(), 0);
        expect_equal(come_since(before), 1);
        shared->arch.nmi_reason = 0;
        expect_equal(register_by_nmi_op(), 0);
        expect_equal(come_since(before), 1);
    }},
    {"vcpu_op.send_nmi", "refuses a structure, and vcpus that are not there", [] {
        std::uint64_t word = 0;
        expect_equal(untyped::vcpu_op(VCPUOP_send_nmi, 0, &word), -XEN_EINVAL);
        expect_equal(send_nmi(63), -XEN_ENOENT);
        expect_equal(come_since(came), 0);
    }},
    {"vcpu_op.send_nmi", "wakes another vcpu that sleeps, and has registered a handler itself", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        begin_on_second(sleep_until_nmi);
        // Not a moment earlier: an NMI on the way to the poll would end no sleep, and the poll would last for ever.
        while (!second_is_blocked()) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(send_nmi(1), 0);
        finish_on_second();
    }},
    {"domctl.sendtrigger", "an NMI for a vcpu; a PV guest has no buttons", [] {
        const unsigned before = came;
        expect_equal(trigger(0, XEN_DOMCTL_SENDTRIGGER_NMI), 0);
        expect_equal(come_since(before), 1);
        expect_equal(trigger(0, XEN_DOMCTL_SENDTRIGGER_POWER), -XEN_EINVAL);
        expect_equal(trigger(0, XEN_DOMCTL_SENDTRIGGER_SLEEP), -XEN_EINVAL);
        expect_equal(trigger(0, XEN_DOMCTL_SENDTRIGGER_RESET), -XEN_ENOSYS);
        expect_equal(trigger(0, XEN_DOMCTL_SENDTRIGGER_INIT), -XEN_ENOSYS);
        expect_equal(trigger(0, 99), -XEN_ENOSYS);
        expect_equal(trigger(0, XEN_DOMCTL_SENDTRIGGER_NMI, 2), -XEN_ESRCH);
        expect_equal(trigger(0, 99, 1000), -XEN_ESRCH);
        expect_equal(come_since(before), 1);
    }},
    {"domctl.sendtrigger", "wakes another domain's kernel, which sleeps without any event", [] {
        Twin twin(twin_waits_for_nmi);
        expect_equal(twin.trouble, 0);
        expect_equal(twin.start(), 0);
        while (!(twin.info().flags & XEN_DOMINF_blocked)) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(trigger(twin.id, XEN_DOMCTL_SENDTRIGGER_NMI), 0);
        expect_equal(twin.ended(), SHUTDOWN_suspend);
        expect_equal(twin.destroy(), 0);
    }},
    {"nmi_op.register_callback", "a handler at address 0 is a gate, though nothing comes by it", [] {
        const trap_info_t gate = gate_shown_after(twin_names_no_address);
        expect_equal(gate.vector, nmi);
        expect_equal(gate.address, 0);
        expect_equal(gate.cs, FLAT_KERNEL_CS);
        expect_equal(gate.flags, 4);
    }},
    {"callback_op.unregister", "leaves no gate", [] {
        const trap_info_t gate = gate_shown_after(twin_names_none);
        expect_equal(gate.vector, 0);
        expect_equal(gate.address, 0);
        expect_equal(gate.cs, 0);
        expect_equal(gate.flags, 0);
    }},
    {"nmi_op.register_callback", "Dom0's first vcpu is told of the machine's own NMIs, and why they came", [] {
        shared->arch.nmi_reason = 0;
        const unsigned before = came;
        print("an NMI of the machine, please");
        while (come_since(before) == 0) {}
        expect_equal(std::atomic_ref(shared->arch.nmi_reason).load(), XEN_NMIREASON_unknown);
        shared->arch.nmi_reason = 0;
        put_gate_back();
        set_hook(nmi, nullptr);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
