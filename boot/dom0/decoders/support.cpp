#include "boot/dom0/decoders/support.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "core/assert.hpp"
#include "machine/instructions.hpp"

namespace basalt::dom0 {
namespace {

// Bump heap: the decoders allocate a handful of times and free all at the end.
struct Heap {
    std::span<std::byte> left;
};
constinit Heap heap;

// Code built with -fstack-protector reads its cookie at %fs:0x28.
constinit std::array<std::uint64_t, 8> thread_block{};

constexpr std::uint64_t control0_emulation = 1 << 2;
constexpr std::uint64_t control0_task_switched = 1 << 3;
constexpr std::uint64_t control4_sse = 0x600;   // OSFXSR, OSXMMEXCPT
constexpr std::size_t heap_alignment = 64;

}  // namespace

LibraryRoom::LibraryRoom(std::span<std::byte> scratch)
    : control0_(read_cr0()), control4_(read_cr4()), fs_base_(read_msr(msr::fs_base)) {
    heap.left = scratch;
    write_cr0(control0_ & ~(control0_emulation | control0_task_switched));
    write_cr4(control4_ | control4_sse);
    write_msr(msr::fs_base, reinterpret_cast<std::uint64_t>(thread_block.data()));
}

LibraryRoom::~LibraryRoom() {
    write_msr(msr::fs_base, fs_base_);
    write_cr4(control4_);
    write_cr0(control0_);
    heap.left = {};
}

}  // namespace basalt::dom0

extern "C" {

void* malloc(std::size_t size) {
    using namespace basalt::dom0;
    const std::size_t rounded = (size + heap_alignment - 1) & ~(heap_alignment - 1);
    if (rounded < size || rounded > heap.left.size()) return nullptr;
    void* const taken = heap.left.data();
    heap.left = heap.left.subspan(rounded);
    return taken;
}

void* calloc(std::size_t count, std::size_t size) {
    std::size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) return nullptr;
    void* const taken = malloc(total);
    if (taken != nullptr) std::memset(taken, 0, total);
    return taken;
}

void free(void*) {}

[[noreturn]] void __stack_chk_fail() { basalt::assertion_failed("a decoder kept within its stack", __FILE__, __LINE__); }
}
