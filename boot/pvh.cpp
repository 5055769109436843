// The start information of Xen's PVH protocol, which QEMU's -kernel uses too.

#include "abi/start_info.hpp"
#include "boot/gather.hpp"
#include "debug/panic.hpp"

namespace basalt {
namespace {

std::string_view text_at(std::uint64_t physical) {
    return physical == 0 ? std::string_view() : std::string_view(at_physical<char>(physical));
}

}  // namespace

void read_pvh(std::uint64_t physical, Gathered& gathered) {
    const auto& start = *at_physical<hvm_start_info>(physical);
    if (start.magic != XEN_HVM_START_MAGIC_VALUE) panic("not started by a loader that Basalt knows (Multiboot2, PVH)");
    if (start.version < 1) panic("the PVH loader gives no memory map");
    gathered.loader("PVH");
    gathered.command_line(text_at(start.cmdline_paddr));
    gathered.rsdp(start.rsdp_paddr);
    for (const auto& module : std::span(at_physical<hvm_modlist_entry>(start.modlist_paddr), start.nr_modules))
        gathered.module(module.paddr, module.size, text_at(module.cmdline_paddr));
    for (const auto& region : std::span(at_physical<hvm_memmap_table_entry>(start.memmap_paddr), start.memmap_entries))
        gathered.region(region.addr, region.size, region.type);
}

}  // namespace basalt
