// SYSCALL in ring 3 is a hypercall or a system call, as the guest's mode says.
#include "domain/vcpu.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "guests/hypercall_seam.hpp"
#include "machine/entry.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt {
namespace {

constexpr std::uint64_t syscall_length = 2;

}  // namespace

extern "C" void guest_system_call(Registers& registers) {
    Vcpu& vcpu = running();
    if (pv::of(vcpu).in_kernel) return hypercalls::dispatch(registers);
    pv::deliver_system_call(vcpu, pv::of(vcpu).syscall);
}

// A kernel that takes no system calls from 32-bit code lets them look like a CPU without SYSCALL there.
extern "C" void guest_compatible_system_call(Registers& registers) {
    Vcpu& vcpu = running();
    if (pv::of(vcpu).syscall32.address != 0) return pv::deliver_system_call(vcpu, pv::of(vcpu).syscall32);
    registers.rip -= syscall_length;
    pv::deliver_exception(vcpu, vector::invalid_opcode);
}

}  // namespace basalt
