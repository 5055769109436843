// A guest's page that Basalt writes to for as long as it holds this. Events only hold it; domain/ takes the writable
// use of the frame when it makes one, and gives it back when it is dropped.
#pragma once

#include <cstddef>
#include <utility>

#include "core/number.hpp"

namespace basalt::events {

// Seam: the use of the frame ends.
void drop_shared_page(Mfn mfn);

class SharedPage {
public:
    SharedPage() = default;
    // Takes over a use that the caller holds; `at` is the page in the direct map.
    SharedPage(Mfn mfn, void* at) : mfn_(mfn), at_(static_cast<std::byte*>(at)) {}
    SharedPage(SharedPage&& other) noexcept : mfn_(other.mfn_), at_(std::exchange(other.at_, nullptr)) {}
    SharedPage& operator=(SharedPage&& other) noexcept {
        std::swap(mfn_, other.mfn_);
        std::swap(at_, other.at_);
        return *this;
    }
    ~SharedPage() {
        if (at_) drop_shared_page(mfn_);
    }

    std::byte* at() const { return at_; }
    Mfn mfn() const { return mfn_; }
    explicit operator bool() const { return at_ != nullptr; }

private:
    Mfn mfn_{};
    std::byte* at_ = nullptr;
};

}  // namespace basalt::events
