// Basalt's own page tables: sixteen L4 entries that every root carries, made once, their L3 tables never replaced.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/again.hpp"
#include "core/layout.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "machine/memory_map.hpp"
#include "machine/page_entry.hpp"

namespace basalt {

inline constexpr unsigned hypervisor_slots = layout::end_slot - layout::first_slot;

// The root of idle CPUs. No guest entries in it.
Mfn boot_root();

// What a promoted guest L4 gets in slots 256 to 271. The per-domain slot (258) is zero here: the domain has its own.
std::span<const PageEntry, hypervisor_slots> hypervisor_entries();

// Where frames for tables come from: first from the memory map itself, then, once memory/ runs, from its allocator.
using FrameSource = Result<Mfn> (*)();   // a zeroed frame
void take_tables_from(FrameSource source);
Result<Mfn> frame_for_tables();

// --- mappings of Basalt's own regions (not of slot 258) ---
// 4 KiB at `address`. Replaces what was there; unmap() flushes on every CPU.
Result<> map(layout::Address address, Mfn mfn, std::uint64_t bits);
void unmap(layout::Address address);

// Device registers or firmware tables at any physical address, for good. The address keeps its offset in the page. invalid:
// no address that this CPU has; no_memory: for the tables, or all of the area is used up.
Result<std::byte*> map_device(std::uint64_t physical, std::size_t size, Caching caching = Caching::uncached);

// A table of any level walked down to its 4 KiB entry, with tables made on the way: for a domain's L3 of slot 258
// (`level` 3). Tables come from `source`, and get `table_bits`.
Result<PageEntry*> entry_in(Mfn table, PageLevel level, layout::Address address, std::uint64_t table_bits, FrameSource source,
                            PageLevel wanted = leaf_level);

// The entry that maps `address` in the root `root`, of whatever size, if one does. For diagnosis and emulation.
struct Mapping {
    PageEntry entry{};
    PageLevel level{};    // 1: 4 KiB, 2: 2 MiB, 3: 1 GiB
    constexpr bool mapped() const { return entry.present(); }
};
Mapping mapping_of(Mfn root, std::uint64_t address);

// --- start-up ---
// RAM into the direct map, the image with the rights of its sections, the M2P (filled with "no frame") and the frame
// table (zeroed) for all RAM in the map. Switches to the new root. What it takes is memory_in_use() (early_memory.hpp).
void build_page_tables(MemoryMap memory);

// The start-up sections are unmapped; what they covered may be given to memory/.
PhysicalRange forget_start_up();

// Backing of the M2P, for machphys_mfn_list: the first frame of the 2 MiB piece for each GiB of machine memory, or
// no_mfn where there is none.
Mfn m2p_piece(std::uint64_t gibibyte);

}  // namespace basalt
