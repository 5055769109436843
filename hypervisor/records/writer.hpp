// Writes a stream of records. It counts on where there is no room left, so that one without any says how much is needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/result.hpp"
#include "records/kinds.hpp"
#include "records/stream.hpp"

namespace basalt::records {

class Writer {
public:
    explicit Writer(std::span<std::byte> room, const hvm_save_header& header) : room_(room) { add<Header>(header); }

    template <typename Which>
    void add(const typename Which::Body& body, std::uint16_t instance = 0) {
        add(Which::code, instance, std::as_bytes(std::span(&body, 1)));
    }
    // Extended state and MSRs, whose bodies have any length.
    void add(std::uint16_t code, std::uint16_t instance, Bytes body) {
        const hvm_save_descriptor descriptor{code, instance, static_cast<std::uint32_t>(body.size())};
        put(std::as_bytes(std::span(&descriptor, 1)));
        put(body);
    }

    // After the last record. How long the stream is; no_space: longer than the room.
    Result<std::size_t> end() {
        add(end_code, 0, {});
        if (needed_ > room_.size()) return refuse(Error::no_space);
        return needed_;
    }
    std::size_t needed() const { return needed_; }   // of all up to now; after end(), of all

private:
    void put(Bytes bytes) {
        const std::size_t begin = needed_;
        needed_ += bytes.size();
        if (needed_ <= room_.size() && !bytes.empty()) std::memcpy(&room_[begin], bytes.data(), bytes.size());
    }

    std::span<std::byte> room_;
    std::size_t needed_ = 0;
};

}   // namespace basalt::records
