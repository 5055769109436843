#include "boot/dom0/extents.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/assert.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt::dom0 {

// The allocator gives the highest block each time: pieces mostly come one below the other.
Result<> Extents::grow_to(DomainMemory& domain, std::uint64_t pages) {
    const std::size_t unnumbered = count_;
    while (pages_ < pages) {
        Wanted wanted{.from_reserve = true, .as_found = true};
        wanted.order = std::min<unsigned>(most_order, static_cast<unsigned>(std::bit_width(pages - pages_)) - 1);
        auto taken = allocate_for(domain, wanted);
        for (; !taken && wanted.order != 0; taken = allocate_for(domain, wanted)) --wanted.order;
        const Mfn first = TRY(taken);
        const std::uint64_t size = std::uint64_t{1} << wanted.order;
        if (!add(unnumbered, {.mfn = first, .pages = size})) return refuse(Error::no_memory);
        pages_ += size;
    }
    number(unnumbered);
    return {};
}

bool Extents::add(std::size_t unnumbered, Extent piece) {
    const auto sorted = std::span(extents_).subspan(unnumbered, count_ - unnumbered);
    const auto above = std::ranges::upper_bound(sorted, piece.mfn, {}, &Extent::mfn);
    const bool joins_above = above != sorted.end() && piece.end() == above->mfn;
    if (above != sorted.begin() && std::prev(above)->end() == piece.mfn) {
        std::prev(above)->pages += piece.pages;
        if (!joins_above) return true;
        std::prev(above)->pages += above->pages;
        std::move(std::next(above), sorted.end(), above);
        --count_;
        return true;
    }
    if (joins_above) {
        *above = {.mfn = piece.mfn, .pages = piece.pages + above->pages};
        return true;
    }
    if (count_ == extents_.size()) return false;
    const auto at = extents_.begin() + static_cast<std::ptrdiff_t>(unnumbered) + (above - sorted.begin());
    std::move_backward(at, extents_.begin() + static_cast<std::ptrdiff_t>(count_),
                       extents_.begin() + static_cast<std::ptrdiff_t>(count_) + 1);
    *at = piece;
    ++count_;
    return true;
}

void Extents::number(std::size_t unnumbered) {
    Pfn next = unnumbered == 0 ? Pfn(0) : extents_[unnumbered - 1].first + extents_[unnumbered - 1].pages;
    for (Extent& extent : std::span(extents_).subspan(unnumbered, count_ - unnumbered)) {
        extent.first = next;
        next = next + extent.pages;
    }
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

void Extents::zero(Pfn first, std::uint64_t pages) const {
    for (std::uint64_t done = 0; done < pages; ++done) std::memset(page(first + done), 0, page_size);
}

}  // namespace basalt::dom0
