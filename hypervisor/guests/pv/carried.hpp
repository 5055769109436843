// How far an instruction has been carried out for the guest.
#pragma once

#include <cstdint>

namespace basalt::pv {

enum class Carried : std::uint8_t {
    refused,    // the guest's current mode may not, or not this: #GP
    go_on,      // it is not over, or a page fault has been delivered: leave RIP alone
    finished,
};

constexpr Carried finished_if(bool permitted) { return permitted ? Carried::finished : Carried::refused; }

}  // namespace basalt::pv
