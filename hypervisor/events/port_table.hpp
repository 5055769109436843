// Where the records of ports are, and which ports are in use.
#pragma once

#include <array>
#include <atomic>

#include "abi/event_channel.hpp"
#include "core/result.hpp"
#include "events/channel.hpp"

namespace basalt::events {

inline constexpr std::uint32_t two_level_ports = EVTCHN_2L_NR_CHANNELS;
inline constexpr std::uint32_t fifo_ports = EVTCHN_FIFO_NR_CHANNELS;

// Records are found without a lock; pages of them come under the lock of the table and stay until the domain goes.
class PortTable {
public:
    PortTable() = default;
    PortTable(const PortTable&) = delete;
    PortTable& operator=(const PortTable&) = delete;
    ~PortTable();

    PortRecord* find(Port port) const;   // null: never used so far
    Result<PortRecord*> make(Port port);

    static constexpr std::size_t in_bucket = page_size / sizeof(PortRecord);

private:
    using Bucket = std::array<PortRecord, in_bucket>;
    static constexpr std::size_t in_group = page_size / sizeof(Bucket*);
    using Group = std::array<std::atomic<Bucket*>, in_group>;
    static_assert(sizeof(Bucket) == page_size && sizeof(Group) == page_size);

    std::array<std::atomic<Group*>, fifo_ports / (in_bucket * in_group)> groups_{};
};

// A bit for each port, in pages that come when needed. Port 0 is never used.
class PortsInUse {
public:
    PortsInUse() = default;
    PortsInUse(const PortsInUse&) = delete;
    PortsInUse& operator=(const PortsInUse&) = delete;
    ~PortsInUse();

    // The lowest at or above `from` that is not in use; no_space if there is none below `end`.
    Result<Port> lowest_unused(Port from, std::uint32_t end);
    Result<Port> lowest_used() const;   // no_entry
    Result<> take(Port port);
    void give(Port port);

    bool has(Port port) const {
        const auto* const word = word_of(port);
        return word && (*word >> port.raw % 64 & 1) != 0;
    }
    std::uint32_t count() const { return count_; }
    Port first_candidate() const { return lowest_; }   // none below is unused

private:
    static constexpr std::size_t in_page = page_size * 8;
    std::uint64_t* word_of(Port port) const;

    std::array<std::uint64_t*, fifo_ports / in_page> pages_{};
    Port lowest_{1};
    std::uint32_t count_ = 0;
};

}  // namespace basalt::events
