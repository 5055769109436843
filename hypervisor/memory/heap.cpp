// Small objects share a frame with others of their size: the first place of the frame holds the slab's own
// notes, the free places form a list. A frame of only free places goes back at once.
#include "memory/heap.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "core/lock.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt {

namespace {

struct Place {
    Place* next;
};

struct Slab {
    Slab* next = nullptr;
    Slab* previous = nullptr;
    Place* free = nullptr;
    std::uint32_t used = 0;
};

constexpr std::size_t smallest = 64;
constexpr std::size_t largest = 1024;
constexpr std::size_t class_of(std::size_t size) {
    return static_cast<std::size_t>(std::countr_zero(std::bit_ceil(size < smallest ? smallest : size) / smallest));
}
static_assert(class_of(1) == 0 && class_of(65) == 1 && class_of(largest) == 4);
static_assert(sizeof(Slab) <= smallest);

constexpr unsigned order_of(std::size_t size) {
    return static_cast<unsigned>(std::countr_zero(std::bit_ceil((size + page_size - 1) / page_size)));
}

// Slabs with a free place, for each size.
class Slabs {
public:
    void* take(std::size_t kind) {
        Slab* const slab = lists_[kind];
        if (slab == nullptr) return nullptr;
        Place* const place = slab->free;
        slab->free = place->next;
        ++slab->used;
        if (slab->free == nullptr) unlink(kind, slab);
        return place;
    }

    void add(std::size_t kind, void* page) {
        auto* const slab = new (page) Slab;
        const auto size = smallest << kind;
        for (auto at = page_size - size; at >= size; at -= size) slab->free = new (bytes(page) + at) Place{slab->free};
        link(kind, slab);
    }

    // The frame, if it is empty now.
    void* put_back(std::size_t kind, void* memory) {
        auto* const slab = std::launder(reinterpret_cast<Slab*>(page_of(memory)));
        if (slab->free == nullptr) link(kind, slab);
        slab->free = new (memory) Place{slab->free};
        if (--slab->used != 0) return nullptr;
        unlink(kind, slab);
        return slab;
    }

private:
    static std::byte* bytes(void* page) { return static_cast<std::byte*>(page); }
    static std::byte* page_of(void* memory) {
        return bytes(memory) - (reinterpret_cast<std::uintptr_t>(memory) & (page_size - 1));
    }
    void link(std::size_t kind, Slab* slab) {
        slab->previous = nullptr;
        slab->next = lists_[kind];
        if (slab->next != nullptr) slab->next->previous = slab;
        lists_[kind] = slab;
    }
    void unlink(std::size_t kind, Slab* slab) {
        if (slab->next != nullptr) slab->next->previous = slab->previous;
        (slab->previous != nullptr ? slab->previous->next : lists_[kind]) = slab->next;
    }

    std::array<Slab*, class_of(largest) + 1> lists_{};
};

// A rank of its own kind would be "frames" as well: never held while the allocator is called.
constinit Guarded<Slabs, Rank::frames> slabs;

Mfn frame_of(void* memory) {
    return mfn_of(static_cast<std::uint64_t>(static_cast<std::byte*>(memory) - memory_views.contents));
}

}    // namespace

Result<void*> allocate_bytes(std::size_t size) {
    if (size > largest) return contents(TRY(allocate_frames(order_of(size))));
    const auto kind = class_of(size);
    void* memory = slabs.with([&](Slabs& all) { return all.take(kind); });
    if (memory == nullptr) {
        void* const page = contents(TRY(allocate_frames()));
        memory = slabs.with([&](Slabs& all) {
            all.add(kind, page);
            return all.take(kind);
        });
    }
    std::memset(memory, 0, size);
    return memory;
}

void free_bytes(void* memory, std::size_t size) {
    if (size > largest) return free_frames(frame_of(memory), order_of(size));
    void* const empty = slabs.with([&](Slabs& all) { return all.put_back(class_of(size), memory); });
    if (empty != nullptr) free_frames(frame_of(empty));
}

}    // namespace basalt
