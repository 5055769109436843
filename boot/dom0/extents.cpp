#include "boot/dom0/extents.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/assert.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt::dom0 {

Result<> Extents::take(DomainMemory& domain, std::uint64_t pages) {
    while (pages_ < pages) {
        auto order = std::min<unsigned>(most_order, static_cast<unsigned>(std::bit_width(pages - pages_)) - 1);
        auto taken = allocate_for(domain, {.order = order});
        while (!taken && order != 0) taken = allocate_for(domain, {.order = --order});
        const Mfn first = TRY(taken);
        const std::uint64_t size = std::uint64_t{1} << order;
        if (count_ == extents_.size()) return refuse(Error::no_memory);
        extents_[count_++] = {Pfn(pages_), first, size};
        pages_ += size;
    }
    return {};
}

Mfn Extents::mfn(Pfn pfn) const {
    const std::span used(extents_.data(), count_);
    const auto behind = std::ranges::upper_bound(used, pfn, {}, &Extent::first);
    ASSERT(behind != used.begin());
    const Extent& extent = *std::prev(behind);
    ASSERT(pfn - extent.first < extent.pages);
    return extent.mfn + (pfn - extent.first);
}

void* Extents::page(Pfn pfn) const { return contents(mfn(pfn)); }

void Extents::copy(Pfn first, std::uint64_t offset, Bytes bytes) const {
    Pfn pfn = first + offset / page_size;
    std::uint64_t at = offset % page_size;
    while (!bytes.empty()) {
        const std::size_t piece = std::min<std::size_t>(bytes.size(), page_size - at);
        std::memcpy(static_cast<std::byte*>(page(pfn)) + at, bytes.data(), piece);
        bytes = bytes.subspan(piece);
        at = 0;
        ++pfn;
    }
}

}  // namespace basalt::dom0
