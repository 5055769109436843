#include "abi/xen.hpp"
#include "domain/own_translations.hpp"
#include "guests/pv/descriptors.hpp"
#include "guests/pv/roots.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/batch.hpp"
#include "hypercalls/page_table_calls.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "paging/pins.hpp"
#include "table/mmuext_op.hpp"

namespace basalt::hypercalls {
namespace {

using paging::Budget;
using paging::Parties;

Result<> flush_vcpus(const mmuext_op_t& request) {
    const auto map = reinterpret_cast<std::uint64_t>(request.arg2.vcpumask.p);
    const auto named = cpus_of_vcpus(map);
    if (!named) return refuse(Error::invalid);   // not bad_address: what the ABI answers for the bit map
    const CpuMask cpus = *named;
    if (request.cmd == MMUEXT_TLB_FLUSH_MULTI)
        forget_own(cpus);
    else
        forget_own_page(cpus, request.arg1.linear_addr);
    return {};
}

Result<> flush_caches() {
    write_back_and_invalidate_caches();
    return {};
}

template <std::uint32_t level>
Step<> pin(const mmuext_op_t& request, Parties parties, Budget& budget) {
    return paging::pin(Mfn(request.arg1.mfn), PageLevel(level), *parties.pages, budget);
}
Result<> unpin(const mmuext_op_t& request, Parties parties) { return paging::unpin(Mfn(request.arg1.mfn), *parties.pages); }
Step<> new_kernel_root(const mmuext_op_t& request, Budget& budget) {
    return pv::change_kernel_root(running(), Mfn(request.arg1.mfn), budget);
}
Step<> new_user_root(const mmuext_op_t& request, Budget& budget) {
    return pv::set_user_root(running(), Mfn(request.arg1.mfn), budget);
}
Result<> flush_local() {
    flush_here();
    return {};
}
Result<> flush_page_local(const mmuext_op_t& request) {
    flush_page_here(request.arg1.linear_addr);
    return {};
}
Result<> flush_all() {
    forget_own(online_cpus());
    return {};
}
Result<> flush_page_on_all(const mmuext_op_t& request) {
    forget_own_page(online_cpus(), request.arg1.linear_addr);
    return {};
}
Result<> set_ldt(const mmuext_op_t& request) { return pv::set_ldt(running(), request.arg1.linear_addr, request.arg2.nr_ents); }
constexpr std::int64_t words_in_page = 512;
Result<> clear_page(const mmuext_op_t& request, Parties parties, Budget& budget) {
    budget.spend(words_in_page);
    return paging::clear_page(Mfn(request.arg1.mfn), *parties.pages);
}
Result<> copy_page(const mmuext_op_t& request, Parties parties, Budget& budget) {
    budget.spend(words_in_page);
    return paging::copy_page(Mfn(request.arg2.src_mfn), Mfn(request.arg1.mfn), *parties.pages);
}

constexpr auto commands = bind_read<table::mmuext_op, const mmuext_op_t&, Parties, Budget&>(
    does<MMUEXT_PIN_L1_TABLE, pin<1>>, does<MMUEXT_PIN_L2_TABLE, pin<2>>, does<MMUEXT_PIN_L3_TABLE, pin<3>>,
    does<MMUEXT_PIN_L4_TABLE, pin<4>>, does<MMUEXT_UNPIN_TABLE, unpin>, does<MMUEXT_NEW_BASEPTR, new_kernel_root>,
    does<MMUEXT_NEW_USER_BASEPTR, new_user_root>, does<MMUEXT_TLB_FLUSH_LOCAL, flush_local>,
    does<MMUEXT_INVLPG_LOCAL, flush_page_local>, does<MMUEXT_TLB_FLUSH_MULTI, flush_vcpus>,
    does<MMUEXT_INVLPG_MULTI, flush_vcpus>, does<MMUEXT_TLB_FLUSH_ALL, flush_all>, does<MMUEXT_INVLPG_ALL, flush_page_on_all>,
    does<MMUEXT_FLUSH_CACHE, flush_caches>, does<MMUEXT_FLUSH_CACHE_GLOBAL, flush_caches>, does<MMUEXT_SET_LDT, set_ldt>,
    does<MMUEXT_CLEAR_PAGE, clear_page>, does<MMUEXT_COPY_PAGE, copy_page>);

// Stops at the first refused request; those before it stay done.
Step<> mmuext_op(Batch<mmuext_op_t> batch, std::uint32_t domain) {
    if (const auto begun = batch.begin(); !begun) return refuse(begun.error());
    const auto pages = pages_named(domain);
    if (!pages) return refuse(pages.error());
    if (numbers_its_own(**pages)) return refuse(Error::invalid);   // none of its pages is ever a table of Basalt's
    DomainMemory& own = running().domain.memory;
    return batch.in_order(**pages, [&](const mmuext_op_t& request, Budget& budget) {
        const auto command = commands.find(request.cmd);
        if (!command) return Step<>(refuse(command.error()));
        if ((*command)->whom == Whom::caller && *pages != &own) return Step<>(refuse(Error::not_permitted));
        return (*command)->act(request, Parties{&own, *pages}, budget);
    });
}

}   // namespace

template <>
Ending hypercall<table::mmuext_op>(Call call) {
    return decoded<mmuext_op>(call);
}

}  // namespace basalt::hypercalls
