// SGDT, SIDT, SLDT, STR and SMSW of a guest's kernel, which UMIP stops: what they store is in SENSITIVE.md.
#pragma once

#include "domain/vcpu.hpp"
#include "guests/pv/fetch.hpp"

namespace basalt::pv {

constexpr bool is_sensitive_store(Operation operation) {
    return operation == Operation::store_gdt || operation == Operation::store_idt || operation == Operation::store_ldt ||
           operation == Operation::store_task || operation == Operation::store_machine_status;
}

// False: it could not be stored, and the kernel hears of its page fault instead.
bool store_for(Vcpu& vcpu, const Instruction& instruction);

}  // namespace basalt::pv
