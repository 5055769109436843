// Grant tables, as guests set them up and use them (<xen/grant_table.h>). A request that is wrong in itself has its
// GNTST_* status in its structure; the call's own answer is about the call.
#include <algorithm>
#include <limits>
#include <optional>

#include "abi/grant_table.hpp"
#include "abi/xen.hpp"
#include "domain/own_frames.hpp"
#include "grants/copy.hpp"
#include "grants/map.hpp"
#include "guests/kept_table.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/grow_in_turns.hpp"
#include "hypercalls/list_start.hpp"
#include "memory/m2p.hpp"
#include "table/grant_table_op.hpp"

namespace basalt::hypercalls {
namespace {

std::int16_t status_of(Error error) { return error == Error::not_permitted ? GNTST_permission_denied : GNTST_bad_domain; }

Result<> query_size(Subject domain, gnttab_query_size_t& request) {
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
        // Where a hardware-assisted guest has it, if it does.
        const std::uint64_t number = domain.kind == GuestKind::pv ? frame->raw : m2p_of(*frame);
        if (!(list + index).write(number)) return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

// The table grows to so many frames, and stays so even where their list cannot be written.
Result<> setup_table(Subject domain, gnttab_setup_table_t& request) {
    const GuestPointer<xen_pfn_t> list(request.frame_list.p);
    TRY(check_list_start(list.address()));
    request.status = domain ? TRY(show_frames(**domain, request.nr_frames, list)) : status_of(domain.error());
    return {};
}

constexpr std::uint32_t only_version = 1;

// Version 2 is not offered. The structure tells the version that is in force, whatever the answer.
Result<> set_version(gnttab_set_version_t& request) {
    const auto wanted = std::exchange(request.version, only_version);
    if (wanted == only_version) return {};
    return refuse(wanted == 2 ? Error::not_implemented : Error::invalid);
}

Result<> get_version(Domain&, gnttab_get_version_t& request) {
    request.version = only_version;
    return {};
}

// So many at once, and others have their turn. Where a request cannot be read, or an answer not written, the call ends; what
// was done stays done.
constexpr std::uint32_t at_once = 16;

template <typename Request, typename Act>
Result<> each_told(GuestPointer<Request> place, std::uint32_t count, Act act) {
    for (; count != 0; --count, place = place + 1) {
        Request request = TRY(place.read());
        act(request);
        TRY(place.write(request));
    }
    return {};
}

template <typename Request, void (*request_done)(Request&)>
Step<> each(List<Request> list) {
    TRY(list.check_start());
    return list.in_order(
        at_once,
        [](GuestPointer<Request> place, std::uint32_t count) { return step_of(each_told(place, count, request_done)); },
        better_pause);
}

// Here DOMID_SELF is no domain. The entry itself says who may map it.
void map_one(gnttab_map_grant_ref_t& request, grants::KeptTable& kept) {
    const auto granter = living_domain(DomainId(request.dom));
    if (request.dom == DOMID_SELF || !granter) {
        request.status = GNTST_bad_domain;
        return;
    }
    const auto mapped = grants::map(running().domain.grants, (*granter)->grants, GrantRef(request.ref), request.host_addr,
                                    request.flags, &kept);
    request.status = mapped ? std::int16_t{GNTST_okay} : static_cast<std::int16_t>(mapped.error());
    if (!mapped) return;
    request.handle = mapped->handle.raw;
    request.dev_bus_addr = physical_of(mapped->frame);
}

Step<> map(List<gnttab_map_grant_ref_t> list) {
    TRY(list.check_start());
    return list.in_order(
        at_once,
        [](GuestPointer<gnttab_map_grant_ref_t> place, std::uint32_t count) {
            grants::KeptTable kept;
            return step_of(each_told(place, count, [&](gnttab_map_grant_ref_t& request) { map_one(request, kept); }));
        },
        better_pause);
}

grants::UnmapRequest wanted(const gnttab_unmap_grant_ref_t& request) {
    return {grants::Handle(request.handle), request.host_addr, request.dev_bus_addr, std::nullopt};
}
grants::UnmapRequest wanted(const gnttab_unmap_and_replace_t& request) {
    const auto instead = request.new_addr == 0 ? std::nullopt : std::optional(request.new_addr);
    return {grants::Handle(request.handle), request.host_addr, 0, instead};
}

template <typename Request>
Step<> unmap(List<Request> list) {
    TRY(list.check_start());
    return list.in_order(
        grants::UnmappedGroup::most,
        [](GuestPointer<Request> place, std::uint32_t count) {
            grants::UnmappedGroup group(running().domain.grants);
            grants::KeptTable kept;
            return step_of(each_told(place, count, [&](Request& request) {
                request.status = static_cast<std::int16_t>(group.unmap(wanted(request), &kept));
            }));
        },
        better_pause);
}

// A grant of any domain, or a page of the caller's own by its frame number.
grants::StatusOr<grants::CopySide> side_of(const gnttab_copy::gnttab_copy_ptr& side, bool granted) {
    const auto domain = living_domain(DomainId(side.domid));
    if (!domain) return grants::deny(grants::Status::bad_domain);
    if (!granted && side.domid != DOMID_SELF) return grants::deny(grants::Status::permission_denied);
    if (!granted) {
        const auto own = machine_number(**domain, Pfn(side.u.gmfn));
        if (!own) return grants::deny(grants::Status::bad_page);
        return grants::CopySide{.own = *own, .offset = side.offset};
    }
    return grants::CopySide{.granter = &(*domain)->grants, .reference = GrantRef(side.u.ref), .offset = side.offset};
}

void copy_one(gnttab_copy_t& request) {
    const auto from = side_of(request.source, (request.flags & GNTCOPY_source_gref) != 0);
    const auto to = side_of(request.dest, (request.flags & GNTCOPY_dest_gref) != 0);
    const auto status = !from ? from.error() : !to ? to.error() : grants::copy(running().domain.id, *from, *to, request.len);
    request.status = static_cast<std::int16_t>(status);
}

constexpr auto commands = bind<table::grant_table_op>(
    does<GNTTABOP_map_grant_ref, map>, does<GNTTABOP_unmap_grant_ref, unmap<gnttab_unmap_grant_ref_t>>,
    does<GNTTABOP_unmap_and_replace, unmap<gnttab_unmap_and_replace_t>>, does<GNTTABOP_copy, each<gnttab_copy_t, copy_one>>,
    does<GNTTABOP_setup_table, setup_table>, does<GNTTABOP_query_size, query_size>, does<GNTTABOP_set_version, set_version>,
    does<GNTTABOP_get_version, get_version>);

constexpr unsigned command_bits = 12;   // above them, on Xen, is what continuations keep; callers have nothing there

bool is_about_one(std::uint32_t command) { return command == GNTTABOP_setup_table || command == GNTTABOP_query_size; }

Ending grant_table_op(Call call, std::uint32_t command, std::uint64_t, std::uint32_t count) {
    const bool too_many = count > std::numeric_limits<std::int32_t>::max() || (count != 1 && is_about_one(command));
    if (too_many || command >> command_bits != 0) return answer(call, refuse(Error::invalid));
    return give(commands, command, call);
}

}  // namespace

template <>
Ending hypercall<table::grant_table_op>(Call call) {
    return decoded<grant_table_op>(call);
}

}  // namespace basalt::hypercalls
