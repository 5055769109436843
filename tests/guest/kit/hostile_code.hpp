// One slot of a hostile guest's: machine code that does one random act.
#pragma once

#include "hostile_domain.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace kit::hostile {

enum Register : std::uint8_t { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi };

class Slot {
public:
    explicit Slot(unsigned index) : at_(slots + index * slot_bytes) { bytes_.fill(0x90); }

    // What does not fit is left out.
    void put(std::initializer_list<unsigned> bytes) {
        for (const unsigned byte : bytes)
            if (size_ < bytes_.size()) bytes_[size_++] = static_cast<std::uint8_t>(byte);
    }
    void put_word(std::uint32_t word) { put({word & 0xff, word >> 8 & 0xff, word >> 16 & 0xff, word >> 24}); }
    void load(Register to, std::uint32_t value) { put({0xb8u + to}), put_word(value); }
    void load_wide(Register to, std::uint64_t value) {
        put({0x48, 0xb8u + to}), put_word(static_cast<std::uint32_t>(value)), put_word(static_cast<std::uint32_t>(value >> 32));
    }
    // mov $value, address
    void store(std::uint32_t address, std::uint32_t value) { put({0xc7, 0x04, 0x25}), put_word(address), put_word(value); }
    std::uint32_t here() const { return at_ + static_cast<std::uint32_t>(size_); }
    std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }

private:
    std::array<std::uint8_t, slot_bytes> bytes_{};
    std::size_t size_ = 0;
    std::uint32_t at_;
};

void put_random_act(Slot& slot, Random& random, bool daring);

}
