// What the readers of loader tables put together. Texts and tables are copied: the loader's may be overwritten.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/layout.hpp"
#include "machine/boot_info.hpp"

namespace basalt {

// The loader's memory, below 4 GiB, through the direct map.
template <typename T>
const T* at_physical(std::uint64_t address) {
    return reinterpret_cast<const T*>(layout::direct_map + address);
}

class Gathered {
public:
    void loader(std::string_view name) { info_.loader = keep(name); }
    void command_line(std::string_view text) { info_.command_line = keep(text); }
    void module(std::uint64_t start, std::uint64_t size, std::string_view command_line);
    void region(std::uint64_t start, std::uint64_t size, std::uint32_t kind);
    void rsdp(std::uint64_t address) { info_.rsdp = address; }
    void rsdp_copy(std::span<const std::byte> table);
    void efi_system_table(std::uint64_t address) { info_.efi_system_table = address; }
    void efi_memory_map(std::span<const std::byte> map, std::size_t descriptor_size);

    // Sorts the map, settles overlaps: memory that is anything else besides usable is not usable.
    const BootInfo& finish();

private:
    std::string_view keep(std::string_view text);

    BootInfo info_;
    std::array<BootModule, 16> modules_{};
    std::size_t module_count_ = 0;
    std::array<MemoryRegion, 256> said_{};
    std::size_t said_count_ = 0;
    std::array<MemoryRegion, 256> regions_{};
    std::array<char, 8192> texts_{};
    std::size_t texts_used_ = 0;
    std::array<std::byte, 64> rsdp_{};
    std::array<std::byte, 32768> efi_map_{};
};

// One for each kind of loader; `physical` is what it left in EBX.
void read_multiboot2(std::uint64_t physical, Gathered& gathered);
void read_pvh(std::uint64_t physical, Gathered& gathered);

// By the magic number in EAX, which is zero for PVH. Afterwards boot_info() is valid.
void read_loader_tables(std::uint32_t magic, std::uint64_t physical);

}  // namespace basalt
