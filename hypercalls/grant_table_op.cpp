// Grant tables, as guests set them up and use them (<xen/grant_table.h>). A request that is wrong in itself has its
// GNTST_* status in its structure; the call's own answer is about the call.
#include <algorithm>
#include <limits>
#include <optional>

#include "grants/copy.hpp"
#include "grants/map.hpp"
#include "hypercalls/acting_for.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/grow_in_turns.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/list_start.hpp"
#include "hypercalls/page_table_calls.hpp"
#include "hypercalls/pause.hpp"
#include "table/grant_table_op.hpp"

namespace basalt::hypercalls {
namespace {

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

Result<std::int16_t> show_frames(Domain& domain, std::uint32_t count, GuestPointer<xen_pfn_t> list) {
    if (!TRY(grow_in_turns(domain.grants, count))) return GNTST_general_error;
    for (std::uint32_t index = 0; index < count; ++index) {
        const auto frame = domain.grants.frame(index);
        if (!frame) return GNTST_general_error;
        if (!(list + index).write(frame->raw)) return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

// The table grows to so many frames, and stays so even where their list cannot be written.
Result<> setup_table(gnttab_setup_table_t& request) {
    const GuestPointer<xen_pfn_t> list(request.frame_list.p);
    TRY(check_list_start(list.address()));
    const auto domain = acted_for(request.dom);
    request.status = domain ? TRY(show_frames(**domain, request.nr_frames, list)) : status_of(domain.error());
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

template <typename Request>
Ending go_on(Registers& registers, std::uint32_t done) {
    registers.rsi = (GuestPointer<Request>(registers.rsi) + done).address();
    registers.rdx = static_cast<std::uint32_t>(registers.rdx) - done;
    return Ending::resume;
}

// Requests of a list one after the other; a long list lets others in. Where an answer cannot be written the call ends;
// what was done stays done.
template <typename Request, void (*request_done)(Request&)>
struct Batch {
    static Ending act(Registers& registers) {
        constexpr std::uint32_t at_once = 16;
        const GuestPointer<Request> list(registers.rsi);
        const auto count = static_cast<std::uint32_t>(registers.rdx);
        if (const auto start = check_list_start(list.address()); !start) return answer(registers, start);
        for (std::uint32_t index = 0; index < count; ++index) {
            if (index != 0 && index % at_once == 0 && better_pause()) return go_on<Request>(registers, index);
            auto request = (list + index).read();
            if (!request) return answer(registers, refuse(request.error()));
            request_done(*request);
            if (const auto told = (list + index).write(*request); !told) return answer(registers, told);
        }
        return answer(registers, Result<>{});
    }
};

// Here DOMID_SELF is no domain. The entry itself says who may map it.
void map_one(gnttab_map_grant_ref_t& request) {
    const auto granter = living_domain(DomainId(request.dom));
    if (request.dom == DOMID_SELF || !granter) {
        request.status = GNTST_bad_domain;
        return;
    }
    const auto mapped = grants::map(running().domain.grants, (*granter)->grants, GrantRef(request.ref),
                                    request.host_addr, request.flags);
    request.status = mapped ? std::int16_t{GNTST_okay} : static_cast<std::int16_t>(mapped.error());
    if (!mapped) return;
    request.handle = mapped->handle.raw;
    request.dev_bus_addr = physical_of(mapped->frame);
}

grants::UnmapRequest wanted(const gnttab_unmap_grant_ref_t& request) {
    return {grants::Handle(request.handle), request.host_addr, request.dev_bus_addr, std::nullopt};
}
grants::UnmapRequest wanted(const gnttab_unmap_and_replace_t& request) {
    const auto instead = request.new_addr == 0 ? std::nullopt : std::optional(request.new_addr);
    return {grants::Handle(request.handle), request.host_addr, 0, instead};
}

constexpr std::uint32_t unmapped_at_once = 16;

// First no entry maps these any more, then no CPU remembers that one did, then the granters are told.
template <typename Request>
Result<> unmap_some(GuestPointer<Request> list, std::uint32_t count) {
    std::array<std::optional<grants::Unmapped>, unmapped_at_once> unmapped;
    Result<> told;
    for (std::uint32_t index = 0; told && index < count; ++index) {
        auto request = (list + index).read();
        if (!request) {
            told = refuse(request.error());
            break;
        }
        auto gone = grants::Unmapped::begin(running().domain.grants, wanted(*request));
        request->status = gone ? std::int16_t{GNTST_okay} : static_cast<std::int16_t>(gone.error());
        if (gone) unmapped[index].emplace(std::move(*gone));
        told = (list + index).write(*request);
    }
    flush_on(online_cpus());
    return told;
}

template <typename Request>
Ending unmap(Registers& registers) {
    const GuestPointer<Request> list(registers.rsi);
    const auto count = static_cast<std::uint32_t>(registers.rdx);
    if (const auto start = check_list_start(list.address()); !start) return answer(registers, start);
    for (std::uint32_t done = 0; done < count; done += unmapped_at_once) {
        if (done != 0 && better_pause()) return go_on<Request>(registers, done);
        const auto told = unmap_some(list + done, std::min(count - done, unmapped_at_once));
        if (!told) return answer(registers, told);
    }
    return answer(registers, Result<>{});
}

// A grant of any domain, or a page of the caller's own by its frame number.
grants::Answer<grants::CopySide> side_of(const gnttab_copy::gnttab_copy_ptr& side, bool granted) {
    const auto domain = living_domain(DomainId(side.domid));
    if (!domain) return grants::deny(grants::Status::bad_domain);
    if (!granted && side.domid != DOMID_SELF) return grants::deny(grants::Status::permission_denied);
    if (!granted) return grants::CopySide{.own = Mfn(side.u.gmfn), .offset = side.offset};
    return grants::CopySide{.granter = &(*domain)->grants, .reference = GrantRef(side.u.ref), .offset = side.offset};
}

void copy_one(gnttab_copy_t& request) {
    const auto from = side_of(request.source, (request.flags & GNTCOPY_source_gref) != 0);
    const auto to = side_of(request.dest, (request.flags & GNTCOPY_dest_gref) != 0);
    const auto status = !from ? from.error()
                        : !to ? to.error()
                              : grants::copy(running().domain.id, *from, *to, request.len);
    request.status = static_cast<std::int16_t>(status);
}

constexpr auto commands = bind<table::grant_table_op, Handler>({
    {GNTTABOP_map_grant_ref, Batch<gnttab_map_grant_ref_t, map_one>::act},
    {GNTTABOP_unmap_grant_ref, unmap<gnttab_unmap_grant_ref_t>},
    {GNTTABOP_unmap_and_replace, unmap<gnttab_unmap_and_replace_t>},
    {GNTTABOP_copy, Batch<gnttab_copy_t, copy_one>::act},
    {GNTTABOP_setup_table, Single<setup_table, Count::one>::act},
    {GNTTABOP_query_size, Single<query_size, Count::one>::act},
    {GNTTABOP_set_version, set_version_call},
    {GNTTABOP_get_version, Single<get_version, Count::ignored>::act},
});

constexpr unsigned command_bits = 12;   // above them, on Xen, is what continuations keep; callers have nothing there

}  // namespace

// rdi: command, rsi: structures, rdx: how many.
Ending grant_table_op(Registers& registers) {
    const auto command = static_cast<std::uint32_t>(registers.rdi);
    const auto count = static_cast<std::uint32_t>(registers.rdx);
    if (count > std::numeric_limits<std::int32_t>::max() || command >> command_bits != 0)
        return answer(registers, refuse(Error::invalid));
    return give(commands, command, registers);
}

}  // namespace basalt::hypercalls
