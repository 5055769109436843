// A list with room for so many and no more: what start-up finds before there is a heap.
#pragma once

#include <array>
#include <cstddef>

namespace basalt {

template <typename T, std::size_t most>
class Bounded {
public:
    // False when there is no room; the caller says what it leaves out.
    constexpr bool add(const T& item) {
        if (count_ == most) return false;
        items_[count_++] = item;
        return true;
    }
    constexpr void clear() { count_ = 0; }
    constexpr std::size_t size() const { return count_; }
    constexpr bool empty() const { return count_ == 0; }
    constexpr const T& operator[](std::size_t index) const { return items_[index]; }
    constexpr T& operator[](std::size_t index) { return items_[index]; }
    constexpr const T* begin() const { return items_.data(); }
    constexpr const T* end() const { return items_.data() + count_; }

private:
    std::array<T, most> items_{};
    std::size_t count_ = 0;
};

}  // namespace basalt
