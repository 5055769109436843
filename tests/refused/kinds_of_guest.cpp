// What a vcpu has of its kind is not to be had from a Vcpu, and a kind supplies every door.
#include "domain/guest_pointer.hpp"
#include "guests/kinds.hpp"

namespace basalt {

struct Whole : pv::Doors {};
struct NeverLeaves : pv::Doors {
    static void save_guest_state(Vcpu&) = delete;
};
struct NoLongerAsked : pv::Doors {
    static int wrong_with_vcpu(const Vcpu&);
};
static_assert(SuppliesDoors<Whole>);
static_assert(SuppliesDoors<NeverLeaves>);      // refused: static assertion failed
static_assert(SuppliesDoors<NoLongerAsked>);    // refused: static assertion failed

void asks(Vcpu& vcpu, Domain& domain) {
    vcpu.kernel_root = no_mfn;         // refused: no member named 'kernel_root'
    vcpu.pv.in_kernel = true;          // refused: no member named 'pv'
    static_cast<PvVcpu&>(vcpu);        // refused: unknown type name 'PvVcpu'
    Vcpu of_no_kind(domain, VcpuId(0));    // refused: protected constructor
}

}    // namespace basalt
