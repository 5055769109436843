// A model whose state is the bytes of a few objects: a room's own, what stands for guests' memory, and what the test notes.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../cpus.hpp"
#include "../explore.hpp"
#include "../model.hpp"

namespace basalt::interleaved {

class Regions : public Model {
public:
    std::uint64_t key() override;
    bool watches(const volatile void* place, std::size_t size) override;
    bool takes_lock(const volatile void* lock) override;
    std::uint64_t to_be_stored(volatile void* place, std::size_t size, std::uint64_t found, std::uint64_t wanted) override;

protected:
    // Before some accesses the other CPU may go on, others are one with what is done before them.
    enum class Accesses : bool { merged, watched };
    // What a lock guards is read without atomic accesses. Who takes it may do what follows from all that is in the regions of
    // its number.
    using Guarded = unsigned;
    static constexpr Guarded by_none = 0;

    // An object that begin() makes anew at its place, its padding zero.
    template <typename T, typename... Arguments>
    T& make(T* at, Arguments&&... arguments) {
        std::memset(static_cast<void*>(at), 0, sizeof(T));
        return *std::construct_at(at, std::forward<Arguments>(arguments)...);
    }
    void add(std::string name, const void* begin, const void* end, Accesses accesses, Guarded guarded = by_none);
    template <typename T>
    void add(std::string name, const T& object, Accesses accesses, Guarded guarded = by_none) {
        add(std::move(name), &object, &object + 1, accesses, guarded);
    }
    // It is another lock's from now on.
    void guard(const void* begin, Guarded guarded);
    void forget_regions() { regions_.clear(); }

private:
    struct Region {
        std::string name;
        const std::byte* begin;
        const std::byte* end;
        Accesses accesses;
        Guarded guarded;
    };
    static std::uint64_t sum_of(const Region& region);
    const Region* region_of(const volatile void* place) const;
    std::vector<Region> regions_;
};

// Room for an object that is made again and again.
template <typename T>
union Room {
    Room() {}
    ~Room() {}
    T object;
};

// Pages of zeroes for a room's records; who took them does not give them back.
template <std::size_t count>
struct Pages {
    void* take() { return taken == count ? nullptr : pages[taken++].data(); }
    alignas(4096) std::array<std::array<std::byte, 4096>, count> pages;
    std::uint64_t taken = 0;
};

}   // namespace basalt::interleaved
