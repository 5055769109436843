// The machine frames behind a new domain's pfns: large contiguous extents, in the order of the pfns.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "boot/dom0/elf_image.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/domain_memory.hpp"

namespace basalt::dom0 {

class Extents {
public:
    // Takes frames for the domain until it has `pages`, as they are found: nobody else has run yet, and Dom0 may use
    // what is kept for devices. no_memory: there are not that many, or in too many pieces.
    Result<> grow_to(DomainMemory& domain, std::uint64_t pages);

    std::uint64_t pages() const { return pages_; }
    Mfn mfn(Pfn pfn) const;

    // Calls `act(first pfn, first mfn, pages)` for each contiguous piece, in the order of the pfns.
    template <typename Act>
    void each(Act&& act) const {
        for (const Extent& extent : std::span(extents_).first(count_)) act(extent.first, extent.mfn, extent.pages);
    }

    // Consecutive pfns: bytes copied, from an offset in the first; and pages that read zero.
    void copy(Pfn first, std::uint64_t offset, Bytes bytes) const;
    void zero(Pfn first, std::uint64_t pages) const;

    // One structure that lies within a page.
    template <typename T>
    T& at(Pfn pfn) const {
        return *static_cast<T*>(page(pfn));
    }

private:
    struct Extent {
        Pfn first{};
        Mfn mfn{};
        std::uint64_t pages = 0;
        Mfn end() const { return mfn + pages; }
    };

    void* page(Pfn pfn) const;
    // Keeps those from `unnumbered` on sorted and as few as they can be. False: there is no room for one more.
    bool add(std::size_t unnumbered, Extent piece);
    void number(std::size_t unnumbered);

    std::array<Extent, 256> extents_{};
    std::size_t count_ = 0;
    std::uint64_t pages_ = 0;
};

}  // namespace basalt::dom0
