// What start-up finds out, once, before there is anybody else; everybody reads it afterwards, without a lock.
#pragma once

#include <utility>

#include "core/assert.hpp"
#include "toolchain/configuration.hpp"

namespace basalt {

template <typename T>
class Once {
public:
    constexpr Once() = default;
    Once(const Once&) = delete;
    Once& operator=(const Once&) = delete;

    void set(const T& value) {
        set_in_place([&](T& here) { here = value; });
    }
    // For what is found step by step, or is large for a stack. Nobody reads it meanwhile.
    template <typename Action>
    void set_in_place(Action&& action) {
        ASSERT(!is_set_);
        std::forward<Action>(action)(value_);
        is_set_ = true;
    }

    // For whoever can do without: what is asked before start-up has come so far, or may never be there.
    bool is_set() const { return is_set_; }

    // Checked builds see who reads it too early; in others it is then what T is at first.
    const T& operator*() const {
        if constexpr (configuration::checked_build) ASSERT(is_set_);
        return value_;
    }
    const T* operator->() const { return &**this; }

private:
    T value_{};
    bool is_set_ = false;
};

}  // namespace basalt
