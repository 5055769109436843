// Stores of a guest's kernel to its own page tables, which are read-only to it: checked, and carried out. And of Dom0's to
// devices that are read-only to it.
#pragma once

#include <cstdint>

#include "domain/vcpu.hpp"

namespace basalt::pv {

// A page fault. True: the store has been carried out, or is to be tried again; false: it is the guest's own affair.
bool emulate_table_write(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code);

}  // namespace basalt::pv
