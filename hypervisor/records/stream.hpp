// A stream of records as a tool hands it in: looked at once from end to end, and then read without another question.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "core/assert.hpp"
#include "core/result.hpp"
#include "records/kinds.hpp"

namespace basalt::records {

using Bytes = std::span<const std::byte>;

// A value out of bytes that may lie anywhere; what is missing at the end is 0.
template <typename Value>
Value copied(Bytes bytes) {
    Value value{};
    std::memcpy(static_cast<void*>(&value), bytes.data(), std::min(bytes.size(), sizeof(Value)));
    return value;
}

struct Record {
    std::uint16_t code = 0;
    std::uint16_t instance = 0;
    Bytes body;

    template <typename Which>
    bool is() const {
        return code == Which::code;
    }
    // Of extended state and MSRs, the part that has always the same place.
    template <typename Which>
    typename Which::Body as() const {
        ASSERT(is<Which>());
        auto value = copied<typename Which::Body>(body);
        // Older ones than today's, whose last members were elsewhere, and who said nothing of the FPU, which was there.
        if constexpr (Which::code == Cpu::code)
            if (body.size() != sizeof(value)) _hvm_hw_fix_cpu(&value, static_cast<std::uint32_t>(body.size()));
        return value;
    }
};

// What this domain's stream may hold.
struct Expected {
    std::uint32_t vcpus = 0;
    Codes codes = of_every_guest;   // and those of the devices that it has
};

class Stream {
public:
    // `bytes` are the caller's own copy, and stay while the Stream is used. What is behind the end is not looked at. Kinds may
    // come in any order, and again: then it is the later record that counts. Errors as of Xen 4.17:
    //   no_data        no header at the beginning, or no end; extended state or MSRs are not all there
    //   invalid        another magic number or version; a kind that nobody knows; a vcpu that is not there; a wrong length
    //   no_device      of a device that this domain has not
    //   no_entry       of a third PIC
    //   not_supported  MSRs that are not as many as they say, or with reserved bits
    static Result<Stream> of(Bytes bytes, const Expected& expected);

    const hvm_save_header& header() const { return header_; }

    class Iterator {
    public:
        explicit Iterator(Bytes left) : left_(left) {}
        Record operator*() const;
        Iterator& operator++() {
            left_ = left_.subspan(sizeof(hvm_save_descriptor) + (**this).body.size());
            return *this;
        }
        bool operator==(const Iterator& other) const { return left_.size() == other.left_.size(); }

    private:
        Bytes left_;
    };
    Iterator begin() const { return Iterator(records_); }
    Iterator end() const { return Iterator(records_.last(0)); }

    // The record of this kind that counts.
    template <typename Which>
    std::optional<typename Which::Body> last(std::uint16_t instance = 0) const {
        std::optional<typename Which::Body> found;
        for (const Record record : *this)
            if (record.is<Which>() && record.instance == instance) found = record.as<Which>();
        return found;
    }

private:
    Stream(const hvm_save_header& header, Bytes records) : header_(header), records_(records) {}

    hvm_save_header header_;
    Bytes records_;
};

}   // namespace basalt::records
