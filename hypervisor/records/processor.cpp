#include "records/processor.hpp"

#include <algorithm>
#include <array>

#include "formats/control_registers.hpp"
#include "records/segments.hpp"

namespace basalt::records {
namespace {

using Wrong = std::optional<std::string_view>;

struct Claim {
    bool fails;
    std::string_view what;
};
template <std::size_t Count>
constexpr Wrong first_wrong(const std::array<Claim, Count>& claims) {
    for (const Claim& claim : claims)
        if (claim.fails) return claim.what;
    return std::nullopt;
}

constexpr std::uint64_t every_cr0 = cr0::protected_mode | cr0::monitor_coprocessor | cr0::emulation | cr0::task_switched |
                                    cr0::extension_type | cr0::numeric_error | cr0::write_protect | cr0::alignment_mask |
                                    cr0::not_write_through | cr0::cache_disable | cr0::paging;
constexpr std::uint64_t every_flag = 0x3f'7fd7;   // SDM 1 3.4.3: all below bit 22 but 3, 5 and 15

constexpr bool has_upper_half(std::uint64_t word) { return word >> 32 != 0; }

Wrong wrong_with_modes(const hvm_hw_cpu& cpu, const Offer& offer) {
    const bool is_protected = cpu.cr0 & cr0::protected_mode, pages = cpu.cr0 & cr0::paging;
    const bool is_long = cpu.msr_efer & efer::long_mode_active, may_be_long = cpu.msr_efer & efer::long_mode;
    const unsigned width = std::clamp<unsigned>(offer.physical_bits, 32, 52);
    return first_wrong(std::array{
        Claim{(cpu.cr0 & ~every_cr0) != 0, "CR0 has reserved bits"},
        Claim{!(cpu.cr0 & cr0::extension_type), "CR0.ET is 0"},
        Claim{pages && !is_protected, "CR0.PG without PE"},
        Claim{(cpu.cr0 & cr0::not_write_through) && !(cpu.cr0 & cr0::cache_disable), "CR0.NW without CD"},
        Claim{(cpu.cr4 & ~offer.cr4) != 0, "CR4 has bits that are not offered"},
        Claim{(cpu.msr_efer & ~offer.efer) != 0, "EFER has bits that are not offered"},
        Claim{is_long != (may_be_long && pages), "EFER.LMA is not LME and CR0.PG"},
        Claim{is_long && !(cpu.cr4 & cr4::physical_extension), "long mode without CR4.PAE"},
        Claim{(cpu.cr4 & cr4::pcid) && !is_long, "CR4.PCIDE outside of long mode"},
        Claim{cpu.cr3 >> width != 0, "CR3 is beyond the address width"},
        Claim{(cpu.rflags & ~every_flag) != 0, "RFLAGS has reserved bits"},
        Claim{(cpu.rflags & rflags::virtual_8086) && (is_long || !is_protected), "RFLAGS.VM in another mode"},
    });
}

Wrong wrong_with_addresses(const hvm_hw_cpu& cpu) {
    for (const std::uint64_t address : {cpu.fs_base, cpu.gs_base, cpu.shadow_gs, cpu.tr_base, cpu.ldtr_base, cpu.gdtr_base,
                                        cpu.idtr_base, cpu.sysenter_esp, cpu.sysenter_eip, cpu.msr_lstar, cpu.msr_cstar})
        if (!is_canonical(address)) return "a base or an entry point is not canonical";
    const bool runs_64_bits = (cpu.msr_efer & efer::long_mode_active) && (attributes_of(cpu.cs_arbytes) & attribute::long_code);
    // An instruction may end where the canonical addresses do: RIP is then one that only the bits above need to agree on.
    const std::uint64_t above = cpu.rip >> 48;
    return first_wrong(std::array{
        Claim{runs_64_bits ? above != 0 && above != 0xffff : has_upper_half(cpu.rip), "RIP is too wide"},
        Claim{(cpu.gdtr_limit | cpu.idtr_limit) > 0xffff, "a descriptor table is too long"},
        Claim{has_upper_half(cpu.dr6 | cpu.dr7), "DR6 or DR7 has an upper half"},
    });
}

struct Segment {
    std::uint16_t attributes;
    std::uint32_t limit;
    std::uint64_t base;

    Segment(std::uint32_t arbytes, std::uint32_t long_to, std::uint64_t begin)
        : attributes(attributes_of(arbytes)), limit(long_to), base(begin) {}
    bool has(unsigned bits) const { return (attributes & bits) == bits; }
    bool is_present() const { return has(attribute::present); }
    unsigned type() const { return attributes & attribute::type; }
    // One counted in pages ends where a page does.
    bool has_odd_limit() const { return limit >> 20 != 0 && (limit & 0xfff) != 0xfff; }
    bool is_accessed() const { return has(attribute::code_or_data | attribute::accessed); }
    bool is_writable_data() const { return is_accessed() && has(attribute::read_or_written) && !has(attribute::code); }
};

Wrong wrong_with_data(const hvm_hw_cpu& cpu) {
    const Segment ss(cpu.ss_arbytes, cpu.ss_limit, cpu.ss_base);
    if (ss.is_present() && !ss.is_writable_data()) return "SS is not writable data";
    const std::array all{ss, Segment(cpu.ds_arbytes, cpu.ds_limit, cpu.ds_base),
                         Segment(cpu.es_arbytes, cpu.es_limit, cpu.es_base), Segment(cpu.fs_arbytes, cpu.fs_limit, 0),
                         Segment(cpu.gs_arbytes, cpu.gs_limit, 0)};
    for (const Segment& each : all) {
        if (!each.is_present()) continue;
        const bool is_hidden_code = each.has(attribute::code) && !each.has(attribute::read_or_written);
        const auto wrong = first_wrong(std::array{
            Claim{!each.is_accessed() || is_hidden_code, "a data segment is none"},
            Claim{each.has_odd_limit(), "a data segment's limit is no segment's"},
            Claim{has_upper_half(each.base), "a data segment's base has an upper half"},
        });
        if (wrong) return wrong;
    }
    return std::nullopt;
}

Wrong wrong_with_segments(const hvm_hw_cpu& cpu) {
    const bool is_long = cpu.msr_efer & efer::long_mode_active;
    const Segment cs(cpu.cs_arbytes, cpu.cs_limit, cpu.cs_base);
    const Segment tr(cpu.tr_arbytes, cpu.tr_limit, cpu.tr_base), ldtr(cpu.ldtr_arbytes, cpu.ldtr_limit, cpu.ldtr_base);
    constexpr unsigned ldt = 2, busy_16_bit_task = 3, busy_task = 11;
    const bool is_task = tr.type() == busy_task || (tr.type() == busy_16_bit_task && !is_long);
    return first_wrong(std::array{
        Claim{!cs.is_present() || !cs.is_accessed(), "CS is no segment that was loaded"},
        Claim{!cs.has(attribute::code) && !cs.is_writable_data(), "CS is neither code nor as in real mode"},
        Claim{cs.has_odd_limit(), "CS has a limit that is no segment's"},
        Claim{has_upper_half(cs.base), "CS has a base with an upper half"},
        Claim{is_long && cs.has(attribute::long_code | attribute::wide), "CS has L and D"},
        Claim{!tr.is_present() || tr.has(attribute::code_or_data) || !is_task, "TR is no busy task"},
        Claim{tr.has_odd_limit(), "TR has a limit that is no segment's"},
        Claim{ldtr.is_present() && (ldtr.has(attribute::code_or_data) || ldtr.type() != ldt), "LDTR is no LDT"},
        Claim{ldtr.is_present() && ldtr.has_odd_limit(), "LDTR has a limit that is no segment's"},
    });
}

Wrong wrong_with_the_rest(const hvm_hw_cpu& cpu) {
    const bool pends = cpu.pending_valid, has_code = pends && cpu.pending_error_valid;
    return first_wrong(std::array{
        Claim{cpu.pad0 != 0 || (cpu.flags & ~XEN_X86_FPU_INITIALISED) != 0, "flags that nobody knows"},
        Claim{has_upper_half(cpu.msr_tsc_aux), "TSC_AUX has an upper half"},
        // Types 1 and 7 are no event's: APM 2 15.20, SDM 3C 24.8.3.
        Claim{pends && (cpu.pending_type == 1 || cpu.pending_type > 6 || cpu.pending_reserved != 0), "no such event"},
        Claim{has_code && cpu.error_code > 0xffff, "an event's error code is too wide"},
    });
}

}   // namespace

std::optional<std::string_view> wrong_with(const hvm_hw_cpu& cpu, const Offer& offer) {
    for (const Wrong& wrong : {wrong_with_modes(cpu, offer), wrong_with_the_rest(cpu), wrong_with_addresses(cpu),
                               wrong_with_segments(cpu), wrong_with_data(cpu)})
        if (wrong) return wrong;
    return std::nullopt;
}

}   // namespace basalt::records
