#include "guests/hvm/upcall.hpp"

#include "domain/domain.hpp"
#include "guests/hvm/doors.hpp"
#include "guests/hvm/local_apic.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

void set_upcall_vector(Vcpu& vcpu, std::uint8_t vector) {
    of(vcpu).upcall_vector.store(vector, std::memory_order_release);
    tell_again(vcpu);
}

void tell_again(Vcpu& vcpu) {
    if (!vcpu.events.is_upcall_pending()) return;
    Doors::note_upcall(vcpu);
    make_look(of(vcpu));
}

void tell_all_again(Domain& domain) {
    for (Vcpu* const vcpu : domain.vcpus()) tell_again(*vcpu);
}

}   // namespace basalt::hvm
