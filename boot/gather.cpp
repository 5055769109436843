#include "boot/gather.hpp"

#include <algorithm>
#include <cstring>

#include "debug/panic.hpp"
#include "machine/image.hpp"

namespace basalt {
namespace {

// Xen's tools and GRUB's helpers put this in front, for loaders that drop the first word.
std::string_view without_placeholder(std::string_view text) {
    constexpr std::string_view placeholder = "placeholder";
    if (!text.starts_with(placeholder)) return text;
    text.remove_prefix(placeholder.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
    return text;
}

// Where several regions say something about one address, the one that allows least counts.
int strictness(MemoryKind kind) {
    switch (kind) {
        case MemoryKind::usable: return 0;
        case MemoryKind::acpi_tables: return 1;
        case MemoryKind::acpi_storage: return 2;
        default: return 3;
    }
}

}  // namespace

std::string_view Gathered::keep(std::string_view text) {
    if (text.size() > texts_.size() - texts_used_) text = text.substr(0, texts_.size() - texts_used_);
    auto* to = texts_.data() + texts_used_;
    std::ranges::copy(text, to);
    texts_used_ += text.size();
    return {to, text.size()};
}

void Gathered::module(std::uint64_t start, std::uint64_t size, std::string_view command_line) {
    if (module_count_ == modules_.size()) {
        ++info_.modules_left_out;
        return;
    }
    modules_[module_count_++] = {start, size, keep(without_placeholder(command_line))};
}

void Gathered::region(std::uint64_t start, std::uint64_t size, std::uint32_t kind) {
    if (size == 0) return;
    if (said_count_ == said_.size()) {
        ++info_.regions_left_out;
        return;
    }
    if (start + size < start) size = ~std::uint64_t{0} - start;
    said_[said_count_++] = {start, size, static_cast<MemoryKind>(kind)};
}

void Gathered::rsdp_copy(std::span<const std::byte> table) {
    std::memcpy(rsdp_.data(), table.data(), std::min(table.size(), rsdp_.size()));
    info_.rsdp = physical_in_image(rsdp_.data());
}

void Gathered::efi_memory_map(std::span<const std::byte> map, std::size_t descriptor_size) {
    const auto size = std::min(map.size(), efi_map_.size());
    std::memcpy(efi_map_.data(), map.data(), size);
    info_.efi_memory_map = std::span(efi_map_).first(size);
    info_.efi_descriptor_size = descriptor_size;
}

const BootInfo& Gathered::finish() {
    if (!info_.memory.empty()) return info_;
    const auto said = std::span(said_).first(said_count_);
    if (said.empty()) panic("the loader gives no memory map");
    std::size_t count = 0;
    // From every start and end to the next one, one answer holds.
    for (std::uint64_t at = 0; at != ~std::uint64_t{0};) {
        auto next = ~std::uint64_t{0};
        const MemoryRegion* strictest = nullptr;
        for (const auto& region : said) {
            for (const auto edge : {region.start, region.end()})
                if (edge > at) next = std::min(next, edge);
            const bool covers = region.start <= at && at < region.end();
            if (covers && (strictest == nullptr || strictness(region.kind) > strictness(strictest->kind))) strictest = &region;
        }
        if (strictest != nullptr) {
            auto* const last = count == 0 ? nullptr : &regions_[count - 1];
            if (last != nullptr && last->end() == at && last->kind == strictest->kind)
                last->size += next - at;
            else if (count < regions_.size())
                regions_[count++] = {at, next - at, strictest->kind};
            else
                ++info_.regions_left_out;
        }
        at = next;
    }
    info_.memory = std::span(regions_).first(count);
    info_.modules = std::span(modules_).first(module_count_);
    info_.image = {physical_in_image(image_start), physical_in_image(image_end)};
    return info_;
}

}  // namespace basalt
