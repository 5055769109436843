#include "memory.hpp"
#include "paging/audit.hpp"

namespace basalt::paging {

// A domain that drives the hardware is the privileged one, and nobody maps a grant by page tables.
bool is_lent(DomainId to, Mfn, bool) {
    return domain_memory_of(to)->hardware;
}

}    // namespace basalt::paging
