// IN, OUT, INS and OUTS.
#pragma once

#include "domain/vcpu.hpp"
#include "guests/pv/decode.hpp"

namespace basalt::pv {

enum class PortsDone : std::uint8_t {
    refused,    // the guest's current mode may not: #GP
    go_on,      // the instruction is not over, or a page fault has been delivered: leave RIP alone
    finished,
};

PortsDone access_ports(Vcpu& vcpu, const Instruction& instruction);

}  // namespace basalt::pv
