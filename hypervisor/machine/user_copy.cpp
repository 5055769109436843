#include "machine/user_copy.hpp"

namespace basalt {
namespace {

struct Found {
    std::uint64_t word;
    std::uint64_t there;
};

}  // namespace

extern "C" {   // user_copy.S
std::size_t guest_copy(void* to, const void* from, std::size_t size);
std::size_t guest_clear(std::uint64_t guest, std::size_t size);
Found guest_read_word(std::uint64_t guest);
std::uint64_t guest_write_word(std::uint64_t guest, std::uint64_t word);
Found guest_exchange_8(std::uint64_t guest, std::uint64_t expected, std::uint64_t wanted);
Found guest_exchange_16(std::uint64_t guest, std::uint64_t expected, std::uint64_t wanted);
Found guest_exchange_32(std::uint64_t guest, std::uint64_t expected, std::uint64_t wanted);
Found guest_exchange_64(std::uint64_t guest, std::uint64_t expected, std::uint64_t wanted);
}

std::size_t copy_from_guest(void* to, std::uint64_t guest, std::size_t size) {
    return guest_copy(to, reinterpret_cast<const void*>(guest), size);
}

std::size_t copy_to_guest(std::uint64_t guest, const void* from, std::size_t size) {
    return guest_copy(reinterpret_cast<void*>(guest), from, size);
}

std::size_t clear_guest(std::uint64_t guest, std::size_t size) { return guest_clear(guest, size); }

std::expected<std::uint64_t, Faulted> read_guest_word(std::uint64_t guest) {
    const auto found = guest_read_word(guest);
    if (found.there == 0) return std::unexpected(Faulted{});
    return found.word;
}

std::expected<void, Faulted> write_guest_word(std::uint64_t guest, std::uint64_t word) {
    if (guest_write_word(guest, word) == 0) return std::unexpected(Faulted{});
    return {};
}

std::expected<std::uint64_t, Faulted> compare_exchange_guest(std::uint64_t guest, std::size_t size, std::uint64_t expected,
                                                             std::uint64_t wanted) {
    const auto exchange = size == 1   ? guest_exchange_8
                          : size == 2 ? guest_exchange_16
                          : size == 4 ? guest_exchange_32
                                      : guest_exchange_64;
    const auto found = exchange(guest, expected, wanted);
    if (found.there == 0) return std::unexpected(Faulted{});
    return size == 8 ? found.word : found.word & ((std::uint64_t{1} << (8 * size)) - 1);
}

}  // namespace basalt
