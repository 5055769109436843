// What a hardware-assisted guest, its tools and its device model leave for each other: words by number, HVM_PARAM_* of
// <xen/hvm/params.h>. Few mean something to Basalt, and whoever they mean something to reads them here, at any time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "abi/hvm_params.hpp"
#include "core/result.hpp"

namespace basalt {

class HvmParameters {
public:
    static constexpr std::uint32_t count = HVM_NR_PARAMS;
    enum class By : std::uint8_t { itself, tools };

    HvmParameters();

    // As Basalt itself asks, of a number that there is.
    std::uint64_t get(std::uint32_t index) const { return words_[index].load(std::memory_order_acquire); }

    // Of a guest's own few may be set, and some more be read (not_permitted). invalid: there is no such parameter, or not with
    // this value; exists: it may be set once only; no_device: it is about one that such guests do not have.
    Result<> set(std::uint32_t index, std::uint64_t value, By who);
    Result<std::uint64_t> tell(std::uint32_t index, By who) const;

private:
    std::array<std::atomic<std::uint64_t>, count> words_{};
};

}   // namespace basalt
