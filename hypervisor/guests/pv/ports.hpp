// IN, OUT, INS and OUTS.
#pragma once

#include "abi/xen.hpp"
#include "domain/vcpu.hpp"
#include "guests/pv/carried.hpp"
#include "guests/pv/fetch.hpp"

namespace basalt::pv {

Carried access_ports(Vcpu& vcpu, const Instruction& instruction);

// physdev_op.set_iopl, at most 3, and set_iobitmap: which of the ports below `ports` its user mode may use too.
void set_io_privilege(Vcpu& vcpu, std::uint8_t level);
void lend_ports_to_user(Vcpu& vcpu, XEN_GUEST_HANDLE(uint8) bitmap, std::uint32_t ports);

}  // namespace basalt::pv
