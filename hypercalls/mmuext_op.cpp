#include "guests/pv/descriptors.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/page_table_calls.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "paging/pins.hpp"

namespace basalt::hypercalls {
namespace {

using paging::Budget;
using paging::Parties;

Step<> change_kernel_root(Mfn root, Budget& budget) {
    Step<> step = set_kernel_root(running(), root, budget);
    if (step.done()) pv::forget_ldt_pages(running());   // the guest's LDT may lie elsewhere under the new root
    return step;
}

Step<> as_step(const Result<>& result) { return result ? Step<>(std::monostate{}) : Step<>(refuse(result.error())); }

Result<> flush_vcpus(const mmuext_op_t& request) {
    const auto map = reinterpret_cast<std::uint64_t>(request.arg2.vcpumask.p);
    const auto named = cpus_of_vcpus(map);
    if (!named) return refuse(Error::invalid);   // not bad_address: what the ABI answers for the bit map
    const CpuMask cpus = *named;
    if (request.cmd == MMUEXT_TLB_FLUSH_MULTI)
        flush_on(cpus);
    else
        flush_page_on_these(cpus, request.arg1.linear_addr);
    return {};
}

Result<> flush_caches() {
    if (!running().domain.privileged) return refuse(Error::access_denied);
    write_back_and_invalidate_caches();
    return {};
}

Step<> act(const mmuext_op_t& request, Parties parties, Budget& budget) {
    const Mfn mfn(request.arg1.mfn);
    switch (request.cmd) {
        case MMUEXT_PIN_L1_TABLE:
        case MMUEXT_PIN_L2_TABLE:
        case MMUEXT_PIN_L3_TABLE:
        case MMUEXT_PIN_L4_TABLE:
            return paging::pin(mfn, request.cmd - MMUEXT_PIN_L1_TABLE + 1, *parties.pages, budget);
        case MMUEXT_UNPIN_TABLE: return as_step(paging::unpin(mfn, *parties.pages));
        case MMUEXT_NEW_BASEPTR: return change_kernel_root(mfn, budget);
        case MMUEXT_NEW_USER_BASEPTR: return set_user_root(running(), mfn, budget);
        case MMUEXT_TLB_FLUSH_LOCAL:
            flush_here();
            return std::monostate{};
        case MMUEXT_INVLPG_LOCAL:
            flush_page_here(request.arg1.linear_addr);
            return std::monostate{};
        case MMUEXT_TLB_FLUSH_MULTI:
        case MMUEXT_INVLPG_MULTI: return as_step(flush_vcpus(request));
        case MMUEXT_TLB_FLUSH_ALL:
            flush_on(running().domain.dirty_cpus());
            return std::monostate{};
        case MMUEXT_INVLPG_ALL:
            flush_page_on_these(running().domain.dirty_cpus(), request.arg1.linear_addr);
            return std::monostate{};
        case MMUEXT_FLUSH_CACHE:
        case MMUEXT_FLUSH_CACHE_GLOBAL: return as_step(flush_caches());
        case MMUEXT_SET_LDT: return as_step(pv::set_ldt(running(), request.arg1.linear_addr, request.arg2.nr_ents));
        case MMUEXT_CLEAR_PAGE: return as_step(paging::clear_page(mfn, *parties.pages));
        case MMUEXT_COPY_PAGE:
            return as_step(paging::copy_page(Mfn(request.arg2.src_mfn), mfn, *parties.pages));
        case MMUEXT_MARK_SUPER:
        case MMUEXT_UNMARK_SUPER: return refuse(Error::not_supported);
        default: return refuse(Error::not_implemented);
    }
}

}  // namespace

// rdi: requests (mmuext_op_t), rsi: count, rdx: how many were done, r10: whose pages.
// Stops at the first refused request; those before it stay done.
Ending mmuext_op(Registers& registers) {
    Batch batch(registers);
    const auto parties = parties_named(static_cast<std::uint16_t>(registers.r10));
    if (!parties) return answer(registers, refuse(parties.error()));
    return in_order<mmuext_op_t>(registers, batch, [&](const mmuext_op_t& request, Budget& budget) {
        return act(request, *parties, budget);
    });
}

}  // namespace basalt::hypercalls
