// What a hardware-assisted guest meets first when it is entered again.
#pragma once

#include <cstdint>

#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

// An exception of its own, as the instruction that it has stopped at would have raised it. One that hits the delivery of
// another is a double fault, and a third ends the guest's run, as a processor does (APM 2 8.2.9).
void raise_exception(HvmVcpu& vcpu, std::uint8_t vector);
void raise_exception(HvmVcpu& vcpu, std::uint8_t vector, std::uint32_t error_code);

// At each exit: the task priority is what the guest has made of CR8 meanwhile, and no window is asked for.
void note_exit(HvmVcpu& vcpu);

// Behind an exit, and before any entry: what is due is brought in, or is asked for as soon as the guest can take it; and
// translations are what they may be. A vcpu that is halted, and has nothing, blocks; one that has had INIT is down.
void prepare_entry(HvmVcpu& vcpu);

// Whether something would interrupt it, were it to run now.
bool is_interrupt_due(const HvmVcpu& vcpu);

void interrupt_return_exit(HvmVcpu& vcpu);

}   // namespace basalt::hvm
