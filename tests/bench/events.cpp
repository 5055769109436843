// Events: to oneself, taken at once by the upcall; and to another domain and back, each of the two asleep until the other
// has sent.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/ports.hpp"
#include "kit/twin.hpp"
#include "report.hpp"

#include <atomic>

namespace kit {
namespace {

volatile std::uint64_t port_here;    // the twin is told which

// Without a note of the call.
void send_event(unsigned port) {
    evtchn_send_t request{port};
    bare_hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &request);
}

void sleep_until(unsigned port) {
    sched_poll_t poll{};
    evtchn_port_t ports[] = {port};
    set_xen_guest_handle(poll.ports, ports);
    poll.nr_ports = 1;
    while (!pending(port)) bare_hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
    std::atomic_ref{shared->evtchn_pending[port / 64]}.fetch_and(~(1ul << port % 64));
}

// In the twin, which has no upcall.
void answer_for_ever() {
    start_memory(start);
    vcpu_info(0).evtchn_upcall_mask = 1;
    const unsigned port = port_of(bind_interdomain(static_cast<unsigned>(port_here), 0));
    for (;;) {
        sleep_until(port);
        send_event(port);
    }
}

constexpr auto table = std::to_array<Case>({
    {"event_channel_op.send", "to oneself",
     [] {
         const unsigned port = port_of(bind_ipi());
         allow_events(true);
         measure("event_self", 10'000, 1, [port] { send_event(port); });
         allow_events(false);
         expect(fired(port) > 10'000);
     }},
    {"event_channel_op.send", "to another domain, which sends one back",
     [] {
         Twin twin(answer_for_ever);
         const unsigned port = port_of(alloc_unbound(static_cast<int>(twin.id)));
         twin.write(port_here, port);
         if (!expect_equal(twin.start(), 0)) return;
         sleep_until(port);    // it has bound its port, and answers itself
         measure("event_other", 5'000, 2, [port] {
             send_event(port);
             sleep_until(port);
         });
         expect_equal(twin.destroy(), 0);
     }},
});

}

constinit const std::span<const Case> cases = table;

}
