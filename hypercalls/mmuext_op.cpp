#include "guests/pv/descriptors.hpp"
#include "guests/pv/roots.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/page_table_calls.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "paging/pins.hpp"
#include "table/mmuext_op.hpp"

namespace basalt::hypercalls {
namespace {

using paging::Budget;
using paging::Parties;

Result<> flush_some(const mmuext_op_t& request) {
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

template <Error refusal>
Step<> flush_caches(const mmuext_op_t&, Parties, Budget&) {
    if (!running().domain.privileged) return refuse(refusal);
    write_back_and_invalidate_caches();
    return std::monostate{};
}

// What is about the vcpu or its CPUs is for the caller's own.
template <auto act>
Step<> for_itself(const mmuext_op_t& request, Parties parties, Budget& budget) {
    if (parties.pages != &running().domain.memory) return refuse(Error::not_permitted);
    return act(request, parties, budget);
}

template <std::uint32_t level>
Step<> pin(const mmuext_op_t& request, Parties parties, Budget& budget) {
    return paging::pin(Mfn(request.arg1.mfn), PageLevel(level), *parties.pages, budget);
}
Step<> unpin(const mmuext_op_t& request, Parties parties, Budget&) {
    return step_of(paging::unpin(Mfn(request.arg1.mfn), *parties.pages));
}
Step<> new_kernel_root(const mmuext_op_t& request, Parties, Budget& budget) {
    return pv::change_kernel_root(running(), Mfn(request.arg1.mfn), budget);
}
Step<> new_user_root(const mmuext_op_t& request, Parties, Budget& budget) {
    return pv::set_user_root(running(), Mfn(request.arg1.mfn), budget);
}
Step<> flush_local(const mmuext_op_t&, Parties, Budget&) {
    flush_here();
    return std::monostate{};
}
Step<> flush_page_local(const mmuext_op_t& request, Parties, Budget&) {
    flush_page_here(request.arg1.linear_addr);
    return std::monostate{};
}
Step<> flush_all(const mmuext_op_t&, Parties, Budget&) {
    flush_on(online_cpus());
    return std::monostate{};
}
Step<> flush_page_on_all(const mmuext_op_t& request, Parties, Budget&) {
    flush_page_on_these(online_cpus(), request.arg1.linear_addr);
    return std::monostate{};
}
Step<> flush_vcpus(const mmuext_op_t& request, Parties, Budget&) { return step_of(flush_some(request)); }
Step<> set_ldt(const mmuext_op_t& request, Parties, Budget&) {
    return step_of(pv::set_ldt(running(), request.arg1.linear_addr, request.arg2.nr_ents));
}
constexpr std::int64_t words_in_page = 512;
Step<> clear_page(const mmuext_op_t& request, Parties parties, Budget& budget) {
    budget.spend(words_in_page);
    return step_of(paging::clear_page(Mfn(request.arg1.mfn), *parties.pages));
}
Step<> copy_page(const mmuext_op_t& request, Parties parties, Budget& budget) {
    budget.spend(words_in_page);
    return step_of(paging::copy_page(Mfn(request.arg2.src_mfn), Mfn(request.arg1.mfn), *parties.pages));
}

using Act = Step<> (*)(const mmuext_op_t& request, Parties parties, Budget& budget);

constexpr auto commands = bind<table::mmuext_op, Act>({
    {MMUEXT_PIN_L1_TABLE, pin<1>},
    {MMUEXT_PIN_L2_TABLE, pin<2>},
    {MMUEXT_PIN_L3_TABLE, pin<3>},
    {MMUEXT_PIN_L4_TABLE, pin<4>},
    {MMUEXT_UNPIN_TABLE, unpin},
    {MMUEXT_NEW_BASEPTR, for_itself<new_kernel_root>},
    {MMUEXT_NEW_USER_BASEPTR, for_itself<new_user_root>},
    {MMUEXT_TLB_FLUSH_LOCAL, for_itself<flush_local>},
    {MMUEXT_INVLPG_LOCAL, for_itself<flush_page_local>},
    {MMUEXT_TLB_FLUSH_MULTI, for_itself<flush_vcpus>},
    {MMUEXT_INVLPG_MULTI, for_itself<flush_vcpus>},
    {MMUEXT_TLB_FLUSH_ALL, for_itself<flush_all>},
    {MMUEXT_INVLPG_ALL, for_itself<flush_page_on_all>},
    {MMUEXT_FLUSH_CACHE, for_itself<flush_caches<Error::access_denied>>},
    {MMUEXT_FLUSH_CACHE_GLOBAL, for_itself<flush_caches<Error::invalid>>},
    {MMUEXT_SET_LDT, for_itself<set_ldt>},
    {MMUEXT_CLEAR_PAGE, clear_page},
    {MMUEXT_COPY_PAGE, copy_page},
});

}  // namespace

// rdi: requests (mmuext_op_t), rsi: count, rdx: how many were done, r10: whose pages.
// Stops at the first refused request; those before it stay done.
Ending mmuext_op(Registers& registers) {
    Batch batch(registers);
    if (const auto begun = batch.begin(); !begun) return answer(registers, begun);
    const auto pages = pages_named(static_cast<std::uint32_t>(registers.r10));
    if (!pages) return answer(registers, refuse(pages.error()));
    const Parties parties{&running().domain.memory, *pages};
    return in_order<mmuext_op_t>(registers, batch, **pages, [&](const mmuext_op_t& request, Budget& budget) {
        const auto command = commands.find(request.cmd);
        return command ? (*command)->act(request, parties, budget) : Step<>(refuse(command.error()));
    });
}

}  // namespace basalt::hypercalls
