// Grant tables, as guests set them up and use them (<xen/grant_table.h>). A request that is wrong in itself has its
// GNTST_* status in its structure; the call's own answer is about the call.
#include <limits>

#include "hypercalls/acting_for.hpp"
#include "hypercalls/handlers.hpp"

namespace basalt::hypercalls {
namespace {

struct GrantSubcall {
    std::uint32_t command;
    std::string_view name;
    Ending (*act)(Registers& registers);   // rsi: structures, rdx: how many
    std::string_view effect;
};

// A call about exactly one structure, or one that does not look at the count.
enum class Count : std::uint8_t { one, ignored };

template <auto function, Count count>
struct Single {
    static Ending act(Registers& registers) {
        if (count == Count::one && static_cast<std::uint32_t>(registers.rdx) != 1)
            return answer(registers, refuse(Error::invalid));
        return answer(registers, Structured<function>::act(registers.rsi));
    }
};

std::int16_t status_of(Error error) {
    return error == Error::not_permitted ? GNTST_permission_denied : GNTST_bad_domain;
}

Result<> query_size(gnttab_query_size_t& request) {
    const auto domain = acted_for(request.dom);
    if (!domain) {
        request.status = status_of(domain.error());
        return {};
    }
    request.nr_frames = (*domain)->grants.frame_count();
    request.max_nr_frames = (*domain)->grants.limit();
    request.status = GNTST_okay;
    return {};
}

std::int16_t show_frames(Domain& domain, std::uint32_t count, GuestPointer<xen_pfn_t> list) {
    if (!domain.grants.grow(count)) return GNTST_general_error;
    for (std::uint32_t index = 0; index < count; ++index) {
        const auto frame = domain.grants.frame(index);
        if (!frame) return GNTST_general_error;
        if (!(list + index).write(frame->raw)) return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

// The table grows to so many frames, and stays so even where their list cannot be written.
Result<> setup_table(gnttab_setup_table_t& request) {
    const auto domain = acted_for(request.dom);
    request.status = domain ? show_frames(**domain, request.nr_frames, GuestPointer<xen_pfn_t>(request.frame_list.p))
                            : status_of(domain.error());
    return {};
}

constexpr std::uint32_t only_version = 1;

// Version 2 is not offered. The structure tells the version that is in force, whatever the answer.
Result<std::int64_t> set_version(std::uint64_t argument) {
    const GuestPointer<gnttab_set_version_t> pointer(argument);
    const std::uint32_t wanted = TRY(pointer.read()).version;
    TRY(pointer.write({only_version}));
    if (wanted == only_version) return 0;
    return refuse(wanted == 2 ? Error::not_implemented : Error::invalid);
}
Ending set_version_call(Registers& registers) { return answer(registers, set_version(registers.rsi)); }

Result<> get_version(gnttab_get_version_t& request) {
    TRY(acted_for(request.dom));
    request.version = only_version;
    return {};
}

constexpr auto rows = std::to_array<GrantSubcall>({
    {GNTTABOP_setup_table, "setup_table", Single<setup_table, Count::one>::act,
     "grow the table, and list its frames"},
    {GNTTABOP_query_size, "query_size", Single<query_size, Count::one>::act, "how long it is, and may become"},
    {GNTTABOP_set_version, "set_version", set_version_call, "choose the form of the entries: only 1"},
    {GNTTABOP_get_version, "get_version", Single<get_version, Count::ignored>::act, "which form that is"},
});

constexpr unsigned command_bits = 12;   // above them, on Xen, is what continuations keep; callers have nothing there

}  // namespace

// rdi: command, rsi: structures, rdx: how many.
Ending grant_table_op(Registers& registers) {
    const auto command = static_cast<std::uint32_t>(registers.rdi);
    const auto count = static_cast<std::uint32_t>(registers.rdx);
    if (count > std::numeric_limits<std::int32_t>::max() || command >> command_bits != 0)
        return answer(registers, refuse(Error::invalid));
    const GrantSubcall* const row = row_of<rows>(command);
    return row != nullptr ? row->act(registers) : answer(registers, subcall_unknown("grant_table_op", command));
}

}  // namespace basalt::hypercalls
