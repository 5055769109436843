// Where grants meet nested tables: the running vcpu's domain maps a frame of another's, by a frame number of its own.
#include "abi/grant_table.hpp"
#include "domain/domain.hpp"
#include "domain/own_frames.hpp"
#include "guests/hvm/doors.hpp"

namespace basalt::hvm {
namespace {

constexpr std::uint32_t flags_of_nested =
    GNTMAP_host_map | GNTMAP_readonly;   // others are about entries of page tables, or devices

Pfn page_of(grants::Place place) { return Pfn(place.where >> page_shift); }

}   // namespace

Result<> Doors::map_grant(Vcpu& vcpu, grants::Place place, Mfn frame, DomainId owner, std::uint32_t flags) {
    if ((flags & ~flags_of_nested) != 0) return refuse(Error::invalid);
    if ((flags & GNTMAP_readonly) != 0) return show_frame(vcpu.domain, page_of(place), TRY(FrameReference::take(frame, owner)));
    return show_frame(vcpu.domain, page_of(place), TRY(grants::hold_writable(frame, owner)));
}

Result<> Doors::unmap_grant(Vcpu& vcpu, grants::Place place, grants::Lent lent, std::optional<std::uint64_t> instead) {
    if (instead) return refuse(Error::invalid);
    const nested::Entry there = vcpu.domain.nested.find(page_of(place));
    if (!there.present() || there.writable() != lent.writable) return refuse(Error::invalid);
    return vcpu.domain.nested.unmap(page_of(place), lent.frame);
}

}   // namespace basalt::hvm
