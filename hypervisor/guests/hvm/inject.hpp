// What a hardware-assisted guest meets first when it is entered again.
#pragma once

#include <cstdint>

#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

// An exception of its own, as the instruction that it has stopped at would have raised it. One that hits the delivery of
// another is a double fault, and a third ends the guest's run, as a processor does (APM 2 8.2.9).
void raise_exception(HvmVcpu& vcpu, std::uint8_t vector);
void raise_exception(HvmVcpu& vcpu, std::uint8_t vector, std::uint32_t error_code);

// Behind an exit, and before any entry: nothing of what is due has been lost, and translations are what they may be.
void prepare_entry(HvmVcpu& vcpu);

}   // namespace basalt::hvm
