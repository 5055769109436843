// IN, OUT, INS and OUTS.
#pragma once

#include "domain/vcpu.hpp"
#include "guests/pv/carried.hpp"
#include "guests/pv/decode.hpp"

namespace basalt::pv {

Carried access_ports(Vcpu& vcpu, const Instruction& instruction);

}  // namespace basalt::pv
