// A short list kept by value, so that a row with lists in it is one literal.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>

namespace basalt::table {

void list_too_long();   // never defined: reaching it while compiling stops the build

template <typename T, std::size_t most>
class Few {
public:
    consteval Few() = default;
    consteval Few(std::initializer_list<T> items) : size_(items.size()) {
        if (items.size() > most) list_too_long();
        std::ranges::copy(items, items_.begin());
    }
    constexpr const T* begin() const { return items_.data(); }
    constexpr const T* end() const { return items_.data() + size_; }
    constexpr bool empty() const { return size_ == 0; }

private:
    std::array<T, most> items_{};
    std::size_t size_ = 0;
};

}  // namespace basalt::table
