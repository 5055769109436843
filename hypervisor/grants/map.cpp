#include "grants/map.hpp"

#include <algorithm>

#include "abi/grant_table.hpp"
#include "core/assert.hpp"

namespace basalt::grants {
namespace {

constexpr std::uint32_t kinds = GNTMAP_host_map | GNTMAP_device_map;

constexpr bool by_host(std::uint32_t flags) { return (flags & GNTMAP_host_map) != 0; }
constexpr bool by_device(std::uint32_t flags) { return (flags & GNTMAP_device_map) != 0; }

Status status_of(Error error) { return error == Error::again ? Status::again : Status::general_error; }

// A handle that nobody else may end, until it is made live or given back.
class Handled {
public:
    static StatusOr<Handled> take(GrantTable& mapper) {
        return Handled(mapper, TRY(mapper.mappings.with([](MapTrack& track) { return track.take(); })));
    }
    Handled(Handled&& other) noexcept : mapper_(std::exchange(other.mapper_, nullptr)), handle_(other.handle_) {}
    Handled& operator=(Handled&&) = delete;
    ~Handled() {
        if (mapper_) mapper_->mappings.with([&](MapTrack& track) { track.give(handle_); });
    }
    Handle live(const Mapping& mapping) && {
        std::exchange(mapper_, nullptr)->mappings.with([&](MapTrack& track) { *track.find(handle_) = mapping; });
        return handle_;
    }

private:
    Handled(GrantTable& mapper, Handle handle) : mapper_(&mapper), handle_(handle) {}
    GrantTable* mapper_;
    Handle handle_;
};

}  // namespace

StatusOr<Mapped> map(GrantTable& mapper, GrantTable& granter, GrantRef reference, std::uint64_t host_addr, std::uint32_t flags,
                     KeptTable* kept) {
    if ((flags & kinds) == 0) return deny(Status::bad_reference);
    const bool writing = (flags & GNTMAP_readonly) == 0;
    auto handled = TRY(Handled::take(mapper));
    auto use = TRY(GrantUse::begin(granter, reference, mapper.self(), by_host(flags), by_device(flags), writing));
    const auto frame = use.frame();
    if (by_host(flags)) {
        const Place place{host_addr, (flags & GNTMAP_contains_pte) != 0, kept};
        if (const auto there = map_there(place, frame, granter.self(), flags); !there) return deny(status_of(there.error()));
    }
    const Mapping mapping{.granter = &granter,
                          .reference = reference,
                          .frame = static_cast<std::uint32_t>(frame.raw),
                          .flags = flags,
                          .state = Mapping::State::live};
    std::move(use).into_record();
    return Mapped{std::move(handled).live(mapping), frame};
}

StatusOr<Unmapped> Unmapped::begin(GrantTable& mapper, const UnmapRequest& request, KeptTable* kept) {
    auto found = mapper.mappings.with([&](MapTrack& track) -> StatusOr<Mapping> {
        Mapping* const mapping = track.find(request.handle);
        if (!mapping || mapping->state != Mapping::State::live) return deny(Status::bad_handle);
        mapping->state = Mapping::State::ending;
        return *mapping;
    });
    const auto mapping = TRY(found);
    std::uint32_t over = 0;
    auto result = Status::okay;
    if (request.device_addr != 0 && by_device(mapping.flags)) {
        if (request.device_addr == physical_of(Mfn(mapping.frame)))
            over |= GNTMAP_device_map;
        else
            result = Status::bad_device_address;
    }
    if (result == Status::okay && request.host_addr != 0 && by_host(mapping.flags)) {
        const Place place{request.host_addr, (mapping.flags & GNTMAP_contains_pte) != 0, kept};
        if (const auto gone = unmap_there(place, {Mfn(mapping.frame), mapping.writing()}, request.instead))
            over |= GNTMAP_host_map;
        else
            result = status_of(gone.error());
    }
    // From here the mapping is ended as far as it has been, and otherwise live again.
    Unmapped unmapped(mapper, request.handle, result == Status::okay ? over : 0);
    if (result != Status::okay) return deny(result);
    return unmapped;
}

void Unmapped::finish() {
    const auto was = mapper_->mappings.with([&](MapTrack& track) {
        Mapping& mapping = *track.find(handle_);
        ASSERT(mapping.state == Mapping::State::ending);
        const auto before = mapping;
        mapping.flags &= ~over_;
        mapping.state = Mapping::State::live;
        if ((mapping.flags & kinds) == 0) track.give(handle_);
        return before;
    });
    const bool last = (was.flags & kinds & ~over_) == 0;
    auto frame = last ? HeldFrame::adopt(Mfn(was.frame), was.writing()) : HeldFrame();
    static_cast<void>(
        GrantUse::adopt(*was.granter, was.reference, by_host(over_), by_device(over_), std::move(frame), was.writing()));
}

UnmappedGroup::~UnmappedGroup() {
    if (count_ != 0) forget_translations();
}

Status UnmappedGroup::unmap(const UnmapRequest& request, KeptTable* kept) {
    ASSERT(count_ < most);
    auto unmapped = Unmapped::begin(mapper_, request, kept);
    if (!unmapped) return unmapped.error();
    unmapped_[count_++].emplace(std::move(*unmapped));
    return Status::okay;
}

std::optional<std::uint32_t> end_mappings(GrantTable& mapper, std::uint32_t first, std::uint32_t count) {
    const auto end = mapper.mappings.with([](MapTrack& track) { return track.end_of_handles(); });
    const auto last = std::min(first + count, end);
    for (std::uint32_t number = first; number < last; ++number) {
        const Handle handle(number);
        const auto left = mapper.mappings.with([&](MapTrack& track) {
            Mapping& mapping = *track.find(handle);
            if (mapping.state != Mapping::State::live) return std::uint32_t{0};
            mapping.state = Mapping::State::ending;
            return mapping.flags & kinds;
        });
        if (left != 0) static_cast<void>(Unmapped(mapper, handle, left));
    }
    return last < end ? std::optional(last) : std::nullopt;
}

}  // namespace basalt::grants
