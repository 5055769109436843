// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Event channels in the 2-level layout: making, binding, sending, masking, closing.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/other_domain.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"

namespace kit {
namespace {

evtchn_status_t status_of(unsigned port) {
    evtchn_status_t request{};
    request.dom = DOMID_SELF;
    request.port = port;
    expect_equal(call<rows::event_channel_op, EVTCHNOP_status>(request), 0);
    return request;
}

constexpr auto table = std::to_array<Case>({
    {"event_channel_op.alloc_unbound", "gives ports of its own, never port 0", [] {
        const Opened first = alloc_unbound(), second = alloc_unbound();
        expect_equal(first.status, 0);
        expect_equal(second.status, 0);
        expect(first.port != 0 && first.port != second.port);
        expect_equal(status_of(first.port).status, EVTCHNSTAT_unbound);
        expect_equal(close(first.port), 0);
        expect_equal(close(second.port), 0);
        expect_equal(status_of(first.port).status, EVTCHNSTAT_closed);
    }},
    {"event_channel_op.alloc_unbound", "gives the lowest free port again", [] {
        const unsigned port = alloc_unbound().port;
        close(port);
        expect_equal(alloc_unbound().port, port);
        close(port);
    }},
    {"event_channel_op.alloc_unbound", "keeps a port for a number that no domain has, as long as the guest likes", [] {
        const Opened kept = alloc_unbound(DOMID_INVALID);
        expect_equal(kept.status, 0);
        expect_equal(status_of(kept.port).u.unbound.dom, DOMID_INVALID);   // left open: the audit at the end looks at it
    }},
    {"event_channel_op.alloc_unbound", "refuses domains that do not exist", [] {
        expect_equal(alloc_unbound(DOMID_SELF, 5).status, -XEN_ESRCH);
        const Opened early = alloc_unbound(5);        // the remote domain may come later
        expect_equal(early.status, 0);
        close(early.port);
    }},
    {"event_channel_op.bind_interdomain", "joins two ports of one domain, both ways", [] {
        const unsigned one = alloc_unbound().port;
        const Opened two = bind_interdomain(one);
        expect_equal(two.status, 0);
        expect_equal(status_of(two.port).status, EVTCHNSTAT_interdomain);
        expect_equal(status_of(two.port).u.interdomain.port, one);
        expect_equal(status_of(one).u.interdomain.port, two.port);
        // The new port fires once: the other side may have had something to say before.
        let_events_in();
        expect_equal(fired(one), 0);
        expect_equal(fired(two.port), 1);
        expect_equal(send(one), 0);
        expect(pending(two.port));
        let_events_in();
        expect_equal(fired(two.port), 1);
        expect_equal(fired(one), 0);
        expect_equal(send(two.port), 0);
        let_events_in();
        expect_equal(fired(one), 1);
        expect_equal(close(one), 0);
        expect_equal(status_of(two.port).status, EVTCHNSTAT_unbound);
        expect_equal(close(two.port), 0);
    }},
    {"event_channel_op.bind_interdomain", "refuses what is not there to be bound", [] {
        const unsigned one = alloc_unbound().port;
        const unsigned two = bind_interdomain(one).port;
        expect_equal(bind_interdomain(one).status, -XEN_EINVAL);          // bound already
        expect_equal(bind_interdomain(3000).status, -XEN_EINVAL);
        expect_equal(bind_interdomain(1, 5).status, -XEN_ESRCH);
        close(one);
        close(two);
    }},
    {"event_channel_op.bind_virq", "one port per virtual interrupt and vcpu", [] {
        const Opened timer = bind_virq(VIRQ_TIMER);
        expect_equal(timer.status, 0);
        expect_equal(bind_virq(VIRQ_TIMER).status, -XEN_EEXIST);
        expect_equal(status_of(timer.port).status, EVTCHNSTAT_virq);
        expect_equal(status_of(timer.port).u.virq, VIRQ_TIMER);
        expect_equal(close(timer.port), 0);
        const Opened again = bind_virq(VIRQ_TIMER);
        expect_equal(again.status, 0);
        close(again.port);
    }},
    {"event_channel_op.bind_virq", "refuses numbers and vcpus that do not exist", [] {
        expect_equal(bind_virq(NR_VIRQS).status, -XEN_EINVAL);
        expect_equal(bind_virq(~0u).status, -XEN_EINVAL);
        expect_equal(bind_virq(VIRQ_TIMER, 1).status, -XEN_ENOENT);
        expect_equal(bind_virq(VIRQ_TIMER, 100000).status, -XEN_ENOENT);
        expect_equal(bind_virq(VIRQ_DOM_EXC, 1).status, -XEN_EINVAL);     // global ones start on vcpu 0
    }},
    {"event_channel_op.bind_virq", "writes nothing where it refuses: not even a page that cannot be written is found out", [] {
        Page& page = fresh_page();
        auto* const request = new (&page) evtchn_bind_virq_t{NR_VIRQS, 0, 0};
        expect_equal(make_read_only(page), 0);
        expect_equal(call<rows::event_channel_op, EVTCHNOP_bind_virq>(*request), -XEN_EINVAL);
    }},
    {"event_channel_op.bind_virq", "gives Dom0 the global ones", [] {
        for (unsigned virq : {VIRQ_DOM_EXC, VIRQ_CON_RING, VIRQ_CONSOLE, VIRQ_DEBUGGER}) {
            const Opened opened = bind_virq(virq);
            expect_equal(opened.status, 0);
            close(opened.port);
        }
    }},
    {"event_channel_op.bind_ipi", "a vcpu can signal itself", [] {
        const Opened ipi = bind_ipi();
        expect_equal(ipi.status, 0);
        expect_equal(status_of(ipi.port).status, EVTCHNSTAT_ipi);
        expect_equal(send(ipi.port), 0);
        let_events_in();
        expect_equal(fired(ipi.port), 1);
        expect_equal(bind_ipi(1).status, -XEN_ENOENT);
        close(ipi.port);
    }},
    {"event_channel_op.bind_vcpu", "virtual interrupts of one vcpu stay, others may be moved", [] {
        const unsigned timer = bind_virq(VIRQ_TIMER).port, plain = alloc_unbound().port;
        evtchn_bind_vcpu_t request{plain, 0};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_bind_vcpu>(request), 0);
        request.vcpu = 9;
        expect_equal(call<rows::event_channel_op, EVTCHNOP_bind_vcpu>(request), -XEN_ENOENT);
        request = {timer, 0};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_bind_vcpu>(request), -XEN_EINVAL);
        request = {3000, 0};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_bind_vcpu>(request), -XEN_EINVAL);
        close(timer);
        close(plain);
    }},
    {"event_channel_op.send", "a masked port becomes pending, and is delivered by unmask", [] {
        const unsigned ipi = bind_ipi().port;
        mask(ipi, true);
        expect_equal(send(ipi), 0);
        expect(pending(ipi));
        let_events_in();
        expect_equal(fired(ipi), 0);
        expect_equal(unmask(ipi), 0);
        expect(!masked(ipi));
        let_events_in();
        expect_equal(fired(ipi), 1);
        expect(!pending(ipi));
        close(ipi);
    }},
    {"event_channel_op.send", "twice before it is looked at is one event", [] {
        const unsigned ipi = bind_ipi().port;
        send(ipi);
        send(ipi);
        let_events_in();
        expect_equal(fired(ipi), 1);
        close(ipi);
    }},
    {"event_channel_op.send", "interrupts the very call when events are allowed", [] {
        const unsigned ipi = bind_ipi().port;
        allow_events(true);
        send(ipi);
        const unsigned times = fired(ipi);
        allow_events(false);
        expect_equal(times, 1);
        close(ipi);
    }},
    {"event_channel_op.send", "refuses ports that cannot be sent on", [] {
        const unsigned timer = bind_virq(VIRQ_TIMER).port, unbound = alloc_unbound().port;
        expect_equal(send(timer), -XEN_EINVAL);
        expect_equal(send(unbound), 0);               // nobody listens: no error
        expect_equal(send(3000), -XEN_EINVAL);
        expect_equal(send(0), -XEN_EINVAL);
        expect_equal(send(1u << 20), -XEN_EINVAL);
        close(timer);
        close(unbound);
    }},
    {"event_channel_op.unmask", "refuses ports that do not exist", [] {
        expect_equal(unmask(1u << 20), -XEN_EINVAL);
        expect_equal(unmask(3000), -XEN_EINVAL);
    }},
    {"event_channel_op.close", "refuses closed ports and takes back what was pending", [] {
        const unsigned ipi = bind_ipi().port;
        send(ipi);
        expect(pending(ipi));
        expect_equal(close(ipi), 0);
        expect(!pending(ipi));
        expect_equal(close(ipi), -XEN_EINVAL);
        expect_equal(close(1u << 20), -XEN_EINVAL);
    }},
    {"event_channel_op.status", "tells of free ports, refuses the rest", [] {
        evtchn_status_t request{};
        request.dom = DOMID_SELF;
        request.port = 1u << 20;
        expect_equal(call<rows::event_channel_op, EVTCHNOP_status>(request), -XEN_EINVAL);
        request.dom = 5;
        request.port = 1;
        expect_equal(call<rows::event_channel_op, EVTCHNOP_status>(request), -XEN_ESRCH);
        const unsigned ipi = bind_ipi().port;
        expect_equal(status_of(ipi).vcpu, 0);
        close(ipi);
    }},
    {"event_channel_op.set_priority", "is refused in the 2-level layout", [] {
        evtchn_set_priority_t request{alloc_unbound().port, 0};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_set_priority>(request), -XEN_ENOSYS);
        close(request.port);
    }},
    {"event_channel_op.reset", "closes every port", [] {
        const unsigned ipi = bind_ipi().port, plain = alloc_unbound().port;
        evtchn_reset_t request{DOMID_SELF};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_reset>(request), 0);
        expect_equal(status_of(ipi).status, EVTCHNSTAT_closed);
        expect_equal(status_of(plain).status, EVTCHNSTAT_closed);
        request.dom = 5;
        expect_equal(call<rows::event_channel_op, EVTCHNOP_reset>(request), -XEN_ESRCH);
    }},
    {"event_channel_op.reset", "is of the domain that it names", [] {
        const EmptyDomain other(1);
        const unsigned mine = alloc_unbound().port;
        const unsigned theirs = port_of(alloc_unbound(DOMID_SELF, static_cast<int>(other.id)));
        evtchn_reset_t request{static_cast<domid_t>(other.id)};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_reset>(request), 0);
        evtchn_status_t after{static_cast<domid_t>(other.id), theirs, 0, 0, {}};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_status>(after), 0);
        expect_equal(after.status, EVTCHNSTAT_closed);
        expect_equal(status_of(mine).status, EVTCHNSTAT_unbound);
        close(mine);
        expect_equal(other.destroy(), 0);
    }},
    {"event_channel_op", "refuses unknown commands and bad addresses", [] {
        expect_equal(untyped::event_channel_op(99, nowhere), -XEN_ENOSYS);
        for (int command : {EVTCHNOP_bind_interdomain, EVTCHNOP_bind_virq, EVTCHNOP_close, EVTCHNOP_send,
                            EVTCHNOP_status, EVTCHNOP_alloc_unbound, EVTCHNOP_bind_ipi, EVTCHNOP_unmask})
            expect_equal(untyped::event_channel_op(command, nowhere), -XEN_EFAULT);
    }},
    {"event_channel_op.alloc_unbound", "the 2-level layout ends at 4096 ports, and says so", [] {
        unsigned count = 0, last = 0;
        Opened opened = alloc_unbound();
        for (; opened.status == 0 && count < 5000; opened = alloc_unbound()) {
            ++count;
            last = opened.port;
        }
        expect_equal(opened.status, -XEN_ENOSPC);
        expect_equal(count, 4095);        // port 0 is never given
        expect_equal(last, 4095);
        expect_equal(bind_virq(VIRQ_TIMER).status, -XEN_ENOSPC);
        expect_equal(bind_ipi().status, -XEN_ENOSPC);
        expect_equal(bind_interdomain(last).status, -XEN_ENOSPC);
        physdev_map_pirq_t line{};
        line.domid = DOMID_SELF;
        line.type = MAP_PIRQ_TYPE_GSI;
        line.index = line.pirq = 5;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_map_pirq>(line), 0);
        evtchn_bind_pirq_t pirq{5, 0, 0};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_bind_pirq>(pirq), -XEN_ENOSPC);
        evtchn_reset_t request{DOMID_SELF};
        expect_equal(call<rows::event_channel_op, EVTCHNOP_reset>(request), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
