#include "memory.hpp"
#include "paging/audit.hpp"

namespace basalt::paging {

// A domain that drives the hardware is the privileged one. Others may name what a grant lends: one frame at most.
Lending lending(DomainId to, Mfn mfn, bool) {
    if (domain_memory_of(to)->hardware) return Lending::by_privilege;
    return mfn == fakes::Memory::now->lent ? Lending::by_grant : Lending::none;
}

}    // namespace basalt::paging
