// The address space: Basalt lives in L4 slots 256 to 271 of every root, and nowhere else.
//
//   slot 256        M2P as guests see it, read-only                     256 GiB of the slot
//   slot 257 low    the M2P as Basalt writes it; high: the frame table
//   slot 258        per-domain area: each vcpu's GDT and LDT            one L3 per domain
//   slot 259        per-CPU areas: stacks, entry aliases
//   slot 260        device registers
//   slot 261        Basalt's image
//   slots 262-271   all of RAM, writable, never executable (5 TiB)
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/number.hpp"

namespace basalt::layout {

using Address = std::uint64_t;

constexpr Address l4_slot(unsigned slot) { return 0xffff'0000'0000'0000 | (Address{slot} << 39); }

inline constexpr unsigned first_slot = 256;
inline constexpr unsigned end_slot = 272;
inline constexpr Address start = l4_slot(first_slot);
inline constexpr Address end = l4_slot(end_slot);

inline constexpr Address guest_m2p = l4_slot(256);
inline constexpr Address m2p = l4_slot(257);
inline constexpr Address frame_table = m2p + (Address{256} << 30);
inline constexpr unsigned domain_slot = 258;
inline constexpr Address domain_area = l4_slot(domain_slot);
inline constexpr Address cpu_area = l4_slot(259);
inline constexpr Address device_area = l4_slot(260), device_area_end = l4_slot(261);
inline constexpr Address image = 0xffff'82d0'0000'0000;   // in slot 261; the linker script says the same
inline constexpr Address direct_map = l4_slot(262);
inline constexpr Address direct_map_size = l4_slot(272) - direct_map;

// A vcpu's share of the per-domain area: 16 pages of GDT, then 16 of LDT.
inline constexpr std::size_t descriptor_pages = 16;
constexpr Address gdt_of(VcpuId vcpu) { return domain_area + vcpu.raw * (2 * descriptor_pages * page_size); }
constexpr Address ldt_of(VcpuId vcpu) { return gdt_of(vcpu) + descriptor_pages * page_size; }

// A CPU's share of the per-CPU area: one aligned block, so that any stack pointer in it finds its header.
//   page 0 header | 1 guard | 2 NMI | 3 #DB | 4 guard | 5 #DF | 6 guard | 7 #MC | 8 guard | 9-15 main stack
// #DB has a stack of its own: after MOV SS it may come on SYSCALL's first instruction, with RSP still the guest's.
inline constexpr std::size_t cpu_block_size = 64 * 1024;
inline constexpr std::size_t nmi_stack_page = 2, debug_stack_page = 3, double_fault_stack_page = 5,
                             machine_check_stack_page = 7;
// Entry aliases (entry text, then that CPU's entry data) follow the blocks.
inline constexpr Address entry_area = cpu_area + (Address{1} << 30);
inline constexpr std::size_t entry_alias_size = 64 * 1024;
// One for all CPUs, in the first one's alias: SIDT shows the same everywhere.
inline constexpr Address interrupt_gates = entry_area + 8 * page_size;

inline void* direct(Mfn mfn) { return reinterpret_cast<void*>(direct_map + physical_of(mfn)); }

static_assert(guest_m2p == 0xffff'8000'0000'0000);
static_assert(image >= l4_slot(261) && image < l4_slot(262));
static_assert(direct_map == 0xffff'8300'0000'0000);
static_assert(end == 0xffff'8800'0000'0000);

}  // namespace basalt::layout
