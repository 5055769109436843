#include "machine/first_cpu.hpp"

#include <cstddef>

#include "core/assert.hpp"
#include "machine/cpu_pages.hpp"
#include "machine/descriptors.hpp"
#include "machine/image.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"

extern "C" {   // boot/entry.S maps these
alignas(basalt::page_size) std::byte first_cpu_pages[basalt::block_pages.size() * basalt::page_size];
alignas(basalt::page_size) std::byte interrupt_gates[basalt::page_size];
alignas(basalt::page_size) std::byte first_cpu_descriptors[basalt::page_size];
}

namespace basalt {
namespace {

constexpr CpuId first{0};

CpuPages pages() { return {mfn_of(physical_in_image(entry_data_start)), mfn_of(physical_in_image(first_cpu_descriptors))}; }

}  // namespace

void set_up_first_cpu() {
    begin(first, cpuid(1).ebx >> 24);
    fill_gates(interrupt_gates);
    fill_tables(first, pages());
    load_tables();
    come_online();
}

void map_first_cpu() {
    map_block(first, [](unsigned n) { return mfn_of(physical_in_image(first_cpu_pages + n * page_size)); });
    map_entry_alias(first, pages());
    ASSERT(map(layout::interrupt_gates, mfn_of(physical_in_image(interrupt_gates)), rights::read));
}

void map_block_page(CpuId cpu, unsigned in_block, Mfn mfn) {
    const auto block = layout::cpu_area + cpu.raw * layout::cpu_block_size;
    ASSERT(map(block + in_block * page_size, mfn, rights::write));
}

}  // namespace basalt
