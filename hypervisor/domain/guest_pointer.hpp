// A claim by the guest whose vcpu runs here that something of type T lies at an address of its own. Having one proves nothing;
// it can only be copied from and to, each time into a local value that is then checked and used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/result.hpp"
#include "domain/guest_memory.hpp"

namespace basalt {

template <typename T>
class GuestPointer {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    constexpr GuestPointer() = default;
    constexpr explicit GuestPointer(std::uint64_t address) : address_(address) {}
    // From a guest handle in a structure of the ABI.
    constexpr explicit GuestPointer(T* handle) : address_(reinterpret_cast<std::uint64_t>(handle)) {}

    constexpr bool is_null() const { return address_ == 0; }
    constexpr std::uint64_t address() const { return address_; }
    constexpr GuestPointer operator+(std::uint64_t count) const { return GuestPointer(address_ + count * sizeof(T)); }

    Result<T> read() const {
        T value;
        TRY(read(std::span(&value, 1)));
        return value;
    }
    Result<> write(const T& value) const { return write(std::span(&value, 1)); }

    Result<> read(std::span<T> values) const { return guest_read(running(), std::as_writable_bytes(values), address_); }
    Result<> write(std::span<const T> values) const { return guest_write(running(), address_, std::as_bytes(values)); }

    // The same address as something else, for structures of the ABI that end in, or point to, several kinds.
    template <typename Other>
    constexpr GuestPointer<Other> as() const {
        return GuestPointer<Other>(address_);
    }

private:
    std::uint64_t address_ = 0;
};

}  // namespace basalt
