// A claim by the guest that something of type T lies at an address of its own. Having one proves nothing;
// it can only be copied from and to, each time into a local value that is then checked and used.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/layout.hpp"
#include "core/result.hpp"
#include "machine/user_copy.hpp"

namespace basalt {

// Whether a PV guest may name these bytes at all: canonical, and none of them Basalt's own.
constexpr bool guest_may_name(std::uint64_t address, std::uint64_t size) {
    constexpr std::uint64_t low_end = std::uint64_t{1} << 47;
    if (address < low_end) return size <= low_end - address;
    return address >= layout::end && size <= std::uint64_t{0} - address;
}

// Whole buffers, for callers that copy an untyped run of bytes.
Result<> copy_from_guest(void* to, std::uint64_t from, std::size_t size);
Result<> copy_to_guest(std::uint64_t to, const void* from, std::size_t size);

template <typename T>
class GuestPointer {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    constexpr GuestPointer() = default;
    constexpr explicit GuestPointer(std::uint64_t address) : address_(address) {}
    // From a guest handle of the ABI structures.
    constexpr explicit GuestPointer(T* handle) : address_(reinterpret_cast<std::uint64_t>(handle)) {}

    constexpr bool is_null() const { return address_ == 0; }
    constexpr std::uint64_t address() const { return address_; }
    constexpr GuestPointer operator+(std::uint64_t count) const {
        return GuestPointer(address_ + count * sizeof(T));
    }

    Result<T> read() const {
        T value;
        TRY(copy_from_guest(&value, address_, sizeof(T)));
        return value;
    }
    Result<> write(const T& value) const { return copy_to_guest(address_, &value, sizeof(T)); }

    // One field of the structure, where the ABI gives answers in part of it.
    template <typename Field>
    GuestPointer<Field> field(Field T::* member) const {
        const T* none = nullptr;
        return GuestPointer<Field>(address_ + reinterpret_cast<std::uint64_t>(&(none->*member)));
    }

private:
    std::uint64_t address_ = 0;
};

}  // namespace basalt
