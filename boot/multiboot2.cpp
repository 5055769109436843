// Multiboot2 information, as GNU GRUB leaves it: tags of a type and a size, one after the other on multiples of 8.
#include <multiboot2.h>

#include "boot/gather.hpp"
#include "debug/panic.hpp"

namespace basalt {
namespace {

template <typename T>
const T& as(const multiboot_tag& tag) {
    return reinterpret_cast<const T&>(tag);
}

// What follows a tag's fixed part, which is `fixed` bytes long.
std::span<const std::byte> rest(const multiboot_tag& tag, std::size_t fixed) {
    if (tag.size < fixed) return {};
    return {reinterpret_cast<const std::byte*>(&tag) + fixed, tag.size - fixed};
}

std::string_view text(const multiboot_tag& tag, std::size_t fixed) {
    const auto bytes = rest(tag, fixed);
    const std::string_view whole(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return whole.substr(0, whole.find('\0'));
}

void read_memory_map(const multiboot_tag& tag, Gathered& gathered) {
    const auto entry_size = as<multiboot_tag_mmap>(tag).entry_size;
    if (entry_size < sizeof(multiboot_mmap_entry)) return;
    for (auto left = rest(tag, sizeof(multiboot_tag_mmap)); left.size() >= entry_size; left = left.subspan(entry_size)) {
        const auto& entry = *reinterpret_cast<const multiboot_mmap_entry*>(left.data());
        gathered.region(entry.addr, entry.len, entry.type);   // the kinds are E820's
    }
}

void read_tag(const multiboot_tag& tag, Gathered& gathered) {
    switch (tag.type) {
        case MULTIBOOT_TAG_TYPE_CMDLINE: return gathered.command_line(text(tag, sizeof(multiboot_tag_string)));
        case MULTIBOOT_TAG_TYPE_BOOT_LOADER_NAME: return gathered.loader(text(tag, sizeof(multiboot_tag_string)));
        case MULTIBOOT_TAG_TYPE_MODULE: {
            const auto& module = as<multiboot_tag_module>(tag);
            return gathered.module(module.mod_start, module.mod_end - module.mod_start,
                                   text(tag, sizeof(multiboot_tag_module)));
        }
        case MULTIBOOT_TAG_TYPE_MMAP: return read_memory_map(tag, gathered);
        case MULTIBOOT_TAG_TYPE_ACPI_OLD:
            // The new one, if there is one, follows it.
        case MULTIBOOT_TAG_TYPE_ACPI_NEW: return gathered.rsdp_copy(rest(tag, sizeof(multiboot_tag)));
        case MULTIBOOT_TAG_TYPE_EFI64: return gathered.efi_system_table(as<multiboot_tag_efi64>(tag).pointer);
        case MULTIBOOT_TAG_TYPE_EFI_MMAP:
            return gathered.efi_memory_map(rest(tag, sizeof(multiboot_tag_efi_mmap)),
                                           as<multiboot_tag_efi_mmap>(tag).descr_size);
        default: return;
    }
}

}  // namespace

void read_multiboot2(std::uint64_t physical, Gathered& gathered) {
    struct Header {
        std::uint32_t size;
        std::uint32_t reserved;
    };
    const auto size = at_physical<Header>(physical)->size;
    std::uint64_t at = sizeof(Header);
    while (at + sizeof(multiboot_tag) <= size) {
        const auto& tag = *at_physical<multiboot_tag>(physical + at);
        if (tag.type == MULTIBOOT_TAG_TYPE_END || tag.size < sizeof(multiboot_tag) || at + tag.size > size) return;
        read_tag(tag, gathered);
        at += (tag.size + MULTIBOOT_TAG_ALIGN - 1) & ~std::uint64_t{MULTIBOOT_TAG_ALIGN - 1};
    }
}

}  // namespace basalt
