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
    // Takes `pages` frames for the domain, zeroed. no_memory: there are not that many, or in too many pieces.
    Result<> take(DomainMemory& domain, std::uint64_t pages);

    std::uint64_t pages() const { return pages_; }
    Mfn mfn(Pfn pfn) const;

    // Copies into consecutive pfns, from a byte offset in the first.
    void copy(Pfn first, std::uint64_t offset, Bytes bytes) const;

    // One structure that lies within a page.
    template <typename T>
    T& at(Pfn pfn) const {
        return *static_cast<T*>(page(pfn));
    }

private:
    void* page(Pfn pfn) const;

    struct Extent {
        Pfn first{};
        Mfn mfn{};
        std::uint64_t pages = 0;
    };
    std::array<Extent, 256> extents_{};
    std::size_t count_ = 0;
    std::uint64_t pages_ = 0;
};

}  // namespace basalt::dom0
