#include "guests/hvm/upcall.hpp"

#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

void set_upcall_vector(Vcpu& vcpu, std::uint8_t vector) { of(vcpu).upcall_vector.store(vector, std::memory_order_release); }

}   // namespace basalt::hvm
