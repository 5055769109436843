#include "events/port_table.hpp"

#include <bit>
#include <new>

#include "core/assert.hpp"
#include "events/seams.hpp"

namespace basalt::events {

PortTable::~PortTable() {
    for (auto& slot : groups_) {
        auto* const group = slot.load(std::memory_order_relaxed);
        if (!group) continue;
        for (auto& bucket : *group)
            if (auto* const page = bucket.load(std::memory_order_relaxed)) give_table_page(page);
        give_table_page(group);
    }
}

PortRecord* PortTable::find(Port port) const {
    if (port.raw >= fifo_ports) return nullptr;
    const auto bucket_number = port.raw / in_bucket;
    const auto* const group = groups_[bucket_number / in_group].load(std::memory_order_acquire);
    if (!group) return nullptr;
    auto* const bucket = (*group)[bucket_number % in_group].load(std::memory_order_acquire);
    return bucket ? &(*bucket)[port.raw % in_bucket] : nullptr;
}

Result<PortRecord*> PortTable::make(Port port) {
    ASSERT(port.raw < fifo_ports);
    const auto bucket_number = port.raw / in_bucket;
    auto& group_slot = groups_[bucket_number / in_group];
    if (!group_slot.load(std::memory_order_relaxed))
        group_slot.store(new (TRY(take_table_page())) Group{}, std::memory_order_release);
    auto& bucket_slot = (*group_slot.load(std::memory_order_relaxed))[bucket_number % in_group];
    if (!bucket_slot.load(std::memory_order_relaxed))
        bucket_slot.store(new (TRY(take_table_page())) Bucket{}, std::memory_order_release);
    return &(*bucket_slot.load(std::memory_order_relaxed))[port.raw % in_bucket];
}

PortsInUse::~PortsInUse() {
    for (auto* const page : pages_)
        if (page) give_table_page(page);
}

std::uint64_t* PortsInUse::word_of(Port port) const {
    auto* const page = pages_[port.raw / in_page];
    return page ? page + port.raw % in_page / 64 : nullptr;
}

Result<Port> PortsInUse::lowest_unused(Port from, std::uint32_t end) {
    for (auto port = from.raw; port < end;) {
        const auto* const word = word_of(Port(port));
        const auto in_use = word ? *word >> port % 64 : 0;
        const auto step = static_cast<std::uint32_t>(std::countr_one(in_use));
        const auto left = 64 - port % 64;
        if (step < left) {
            if (port + step >= end) break;
            if (from == lowest_) lowest_ = Port(port + step);
            return Port(port + step);
        }
        port += left;
    }
    return refuse(Error::no_space);
}

Result<Port> PortsInUse::lowest_used() const {
    for (std::size_t page = 0; page < pages_.size(); ++page)
        for (std::size_t word = 0; pages_[page] && word < in_page / 64; ++word)
            if (const auto bits = pages_[page][word])
                return Port(static_cast<std::uint32_t>(page * in_page + word * 64 + std::countr_zero(bits)));
    return refuse(Error::no_entry);
}

Result<> PortsInUse::take(Port port) {
    auto*& page = pages_[port.raw / in_page];
    if (!page) page = static_cast<std::uint64_t*>(TRY(take_table_page()));
    *word_of(port) |= std::uint64_t{1} << port.raw % 64;
    ++count_;
    return {};
}

void PortsInUse::give(Port port) {
    *word_of(port) &= ~(std::uint64_t{1} << port.raw % 64);
    --count_;
    if (port < lowest_) lowest_ = port;
}

}  // namespace basalt::events
