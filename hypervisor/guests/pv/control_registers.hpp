// CR0, CR2, CR3, CR4 and XCR0 as the guest's kernel believes them to be.
#pragma once

#include <cstdint>
#include <optional>

#include "domain/vcpu.hpp"

namespace basalt::pv {

std::optional<std::uint64_t> read_control_register(const Vcpu& vcpu, unsigned number);

// False: #GP, for a register or a value that the guest may not have.
bool write_control_register(Vcpu& vcpu, unsigned number, std::uint64_t value);
bool set_guest_xcr(Vcpu& vcpu, std::uint32_t number, std::uint64_t value);

// CR4 as the guest sees it after asking for `wanted`: its own choice where it has one, the machine's elsewhere.
std::uint64_t permitted_cr4(std::uint64_t wanted);

// What the CPU runs with while the vcpu does.
void load_cr4(const Vcpu& vcpu);

}  // namespace basalt::pv
