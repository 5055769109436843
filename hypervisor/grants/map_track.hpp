// What a domain has mapped of others' grants, by handle. Each live mapping holds the granted frame, and so its domain.
#pragma once

#include <array>
#include <cstdint>

#include "abi/grant_table.hpp"
#include "core/lock.hpp"
#include "core/result.hpp"
#include "grants/limits.hpp"
#include "grants/rules.hpp"

namespace basalt::grants {

class GrantTable;

using Handle = Number<struct GrantHandle, std::uint32_t>;

struct Mapping {
    enum class State : std::uint8_t { free, made, live, ending };   // made and ending: one call has it in hand

    GrantTable* granter = nullptr;
    GrantRef reference{};
    std::uint32_t frame = 0;
    std::uint32_t flags = 0;      // GNTMAP_*: of device_map and host_map, those not unmapped yet
    std::uint32_t next_free = 0;
    State state = State::free;

    bool writing() const { return (flags & GNTMAP_readonly) == 0; }
};

class MapTrack {
public:
    static constexpr std::uint32_t in_page = page_size / sizeof(Mapping);
    static constexpr std::uint32_t most_pages = most_limits.mapping_frames;

    MapTrack() = default;
    MapTrack(const MapTrack&) = delete;
    MapTrack& operator=(const MapTrack&) = delete;
    ~MapTrack();

    void limit_pages(std::uint32_t limit) { limit_ = limit; }   // at most most_pages

    // no_space: as many as there may be.
    StatusOr<Handle> take();
    void give(Handle handle);
    Mapping* find(Handle handle);   // null: never was
    std::uint32_t count_free_list();   // for the audit: as many as there are handles at most, and one
    std::uint32_t end_of_handles() const { return pages_ * in_page; }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr std::uint32_t in_directory = page_size / sizeof(Mapping*);
    using Directory = std::array<Mapping*, in_directory>;
    Result<> grow();

    std::array<Directory*, most_pages / in_directory> directories_{};
    std::uint32_t limit_ = limits().mapping_frames;
    std::uint32_t pages_ = 0;
    std::uint32_t first_free_ = none;
};

}  // namespace basalt::grants
