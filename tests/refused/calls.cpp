// A test guest's call is what its row of the hypercall table says, or is made by a name that says that it is not.
#include "kit/hypercall.hpp"

namespace kit {

void calls(evtchn_send_t& right, evtchn_close_t& wrong) {
    call<rows::event_channel_op, EVTCHNOP_send>(right);
    call<rows::sched_op, SCHEDOP_yield>();
    call<rows::vcpu_op, VCPUOP_up>(1);
    untyped::event_channel_op(99, &wrong);
    call<rows::event_channel_op, EVTCHNOP_send>(wrong);            // refused: the row has another structure
    call<rows::event_channel_op, EVTCHNOP_send>(0xdead000);        // refused: the row has a structure
    call<rows::vcpu_op, VCPUOP_initialise>(1);                     // refused: the row has a structure
    call<rows::memory_op, XENMEM_get_pod_target>();                // refused: there is no such row
    event_channel_op(99, &wrong);                                  // refused: undeclared identifier
}

}
