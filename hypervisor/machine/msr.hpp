// Model-specific registers by name. SDM 4, table 2-2; APM 2 appendix A.
#pragma once

#include <cstdint>

namespace basalt::msr {

inline constexpr std::uint32_t tsc = 0x10;
inline constexpr std::uint32_t apic_base = 0x1b;
inline constexpr std::uint32_t microcode_revision = 0x8b;
inline constexpr std::uint32_t sysenter_cs = 0x174;
inline constexpr std::uint32_t sysenter_esp = 0x175;
inline constexpr std::uint32_t sysenter_eip = 0x176;
inline constexpr std::uint32_t machine_check_capability = 0x179;
inline constexpr std::uint32_t machine_check_status = 0x17a;
inline constexpr std::uint32_t machine_check_control = 0x17b;
inline constexpr std::uint32_t machine_check_banks = 0x400;   // four for each
inline constexpr std::uint32_t misc_enable = 0x1a0;
inline constexpr std::uint32_t debug_control = 0x1d9;
inline constexpr std::uint32_t page_attributes = 0x277;
inline constexpr std::uint32_t tsc_deadline = 0x6e0;
inline constexpr std::uint32_t efer = 0xc0000080;
inline constexpr std::uint32_t star = 0xc0000081;
inline constexpr std::uint32_t lstar = 0xc0000082;
inline constexpr std::uint32_t cstar = 0xc0000083;
inline constexpr std::uint32_t syscall_mask = 0xc0000084;
inline constexpr std::uint32_t fs_base = 0xc0000100;
inline constexpr std::uint32_t gs_base = 0xc0000101;
inline constexpr std::uint32_t gs_base_behind_swap = 0xc0000102;
inline constexpr std::uint32_t tsc_aux = 0xc0000103;
inline constexpr std::uint32_t svm_configuration = 0xc0010114;   // VM_CR
inline constexpr std::uint32_t svm_host_save = 0xc0010117;       // VM_HSAVE_PA
inline constexpr std::uint32_t amd_decode_configuration = 0xc0011029;

}  // namespace basalt::msr
