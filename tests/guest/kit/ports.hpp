// Event channels' ports: opened, signalled and closed.
#pragma once

#include "case.hpp"

namespace kit {

struct Opened {
    Status status;
    unsigned port;
};

inline Opened alloc_unbound(int remote = DOMID_SELF, int owner = DOMID_SELF) {
    evtchn_alloc_unbound_t request{static_cast<domid_t>(owner), static_cast<domid_t>(remote), 0};
    const Status status = call<rows::event_channel_op, EVTCHNOP_alloc_unbound>(request);
    return {status, request.port};
}
inline Opened bind_interdomain(unsigned remote_port, int remote = DOMID_SELF) {
    evtchn_bind_interdomain_t request{static_cast<domid_t>(remote), remote_port, 0};
    const Status status = call<rows::event_channel_op, EVTCHNOP_bind_interdomain>(request);
    return {status, request.local_port};
}
inline Opened bind_ipi(unsigned vcpu = 0) {
    evtchn_bind_ipi_t request{vcpu, 0};
    const Status status = call<rows::event_channel_op, EVTCHNOP_bind_ipi>(request);
    return {status, request.port};
}
inline Opened bind_virq(unsigned virq, unsigned vcpu = 0) {
    evtchn_bind_virq_t request{virq, vcpu, 0};
    const Status status = call<rows::event_channel_op, EVTCHNOP_bind_virq>(request);
    return {status, request.port};
}
inline Opened bind_pirq(unsigned pirq, unsigned flags = 0) {
    evtchn_bind_pirq_t request{pirq, flags, 0};
    const Status status = call<rows::event_channel_op, EVTCHNOP_bind_pirq>(request);
    return {status, request.port};
}

// Of a call that is no question here.
inline unsigned port_of(const Opened& opened, Location where = Location::current()) {
    expect_equal(opened.status, 0, where);
    return opened.port;
}

inline Status send(unsigned port) {
    evtchn_send_t request{port};
    return call<rows::event_channel_op, EVTCHNOP_send>(request);
}
inline Status unmask(unsigned port) {
    evtchn_unmask_t request{port};
    return call<rows::event_channel_op, EVTCHNOP_unmask>(request);
}
inline Status close(unsigned port) {
    evtchn_close_t request{port};
    return call<rows::event_channel_op, EVTCHNOP_close>(request);
}

}
