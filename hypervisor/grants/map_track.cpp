#include "grants/map_track.hpp"

#include <new>

#include "core/assert.hpp"
#include "grants/seams.hpp"

namespace basalt::grants {

MapTrack::~MapTrack() {
    for (std::uint32_t page = 0; page < pages_; ++page)
        give_record_page((*directories_[page / in_directory])[page % in_directory]);
    for (auto* const directory : directories_)
        if (directory) give_record_page(directory);
}

Result<> MapTrack::grow() {
    if (pages_ == limit_) return refuse(Error::no_space);
    auto*& directory = directories_[pages_ / in_directory];
    if (!directory) directory = new (TRY(take_record_page())) Directory{};
    auto* const mappings = new (TRY(take_record_page())) Mapping[in_page];
    for (std::uint32_t index = in_page; index-- > 0;) {
        mappings[index].next_free = first_free_;
        first_free_ = pages_ * in_page + index;
    }
    (*directory)[pages_++ % in_directory] = mappings;
    return {};
}

StatusOr<Handle> MapTrack::take() {
    if (first_free_ == none && !grow()) return deny(Status::no_space);
    const Handle handle(first_free_);
    Mapping& mapping = *find(handle);
    first_free_ = mapping.next_free;
    mapping.state = Mapping::State::made;
    return handle;
}

void MapTrack::give(Handle handle) {
    Mapping& mapping = *find(handle);
    ASSERT(mapping.state != Mapping::State::free);
    mapping = Mapping{.next_free = first_free_};
    first_free_ = handle.raw;
}

std::uint32_t MapTrack::count_free_list() {
    std::uint32_t count = 0;
    for (auto at = first_free_; at != none && count <= end_of_handles(); ++count) {
        const Mapping* const mapping = find(Handle(at));
        if (!mapping) break;
        at = mapping->next_free;
    }
    return count;
}

Mapping* MapTrack::find(Handle handle) {
    const auto page = handle.raw / in_page;
    if (page >= pages_) return nullptr;
    return &(*directories_[page / in_directory])[page % in_directory][handle.raw % in_page];
}

}  // namespace basalt::grants
