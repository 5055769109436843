// Objects of the hypervisor: `Result<Owned<T>> create<T>(...)`, given back when the owner goes.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "core/result.hpp"

namespace basalt {

// Zeroed, aligned to its size rounded up to a power of two (at most a page). Sizes up to a quarter of a page share
// a frame, larger ones take whole frames.
Result<void*> allocate_bytes(std::size_t size);
void free_bytes(void* memory, std::size_t size);

template <typename T>
class Owned {
public:
    Owned() = default;
    explicit Owned(T* object) : object_(object) {}
    Owned(Owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Owned& operator=(Owned&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Owned() {
        if (object_ == nullptr) return;
        object_->~T();
        free_bytes(object_, sizeof(T));
    }
    T& operator*() const { return *object_; }
    T* operator->() const { return object_; }
    T* get() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }
    T* release() { return std::exchange(object_, nullptr); }    // to be adopted by Owned(pointer) later

private:
    T* object_ = nullptr;
};

template <typename T, typename... Arguments>
Result<Owned<T>> create(Arguments&&... arguments) {
    static_assert(alignof(T) <= 4096);
    void* const memory = TRY(allocate_bytes(sizeof(T)));
    return Owned<T>(new (memory) T(std::forward<Arguments>(arguments)...));
}

}    // namespace basalt
