// The kinds of records there are, as Xen's header names and numbers them: whose each is, and how long it may be. What Xen 4.17
// takes for each is in README.md.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "abi/hvm_save.hpp"
#include "core/result.hpp"

namespace basalt::records {

template <typename Type, std::size_t number>
struct Kind {
    using Body = Type;
    static constexpr std::uint16_t code = number;
};
using Header = Kind<HVM_SAVE_TYPE(HEADER), HVM_SAVE_CODE(HEADER)>;
using Cpu = Kind<HVM_SAVE_TYPE(CPU), HVM_SAVE_CODE(CPU)>;
using Pic = Kind<HVM_SAVE_TYPE(PIC), HVM_SAVE_CODE(PIC)>;
using IoApic = Kind<HVM_SAVE_TYPE(IOAPIC), HVM_SAVE_CODE(IOAPIC)>;
using LocalApic = Kind<HVM_SAVE_TYPE(LAPIC), HVM_SAVE_CODE(LAPIC)>;
using LocalApicRegisters = Kind<HVM_SAVE_TYPE(LAPIC_REGS), HVM_SAVE_CODE(LAPIC_REGS)>;
using PciWires = Kind<HVM_SAVE_TYPE(PCI_IRQ), HVM_SAVE_CODE(PCI_IRQ)>;
using IsaWires = Kind<HVM_SAVE_TYPE(ISA_IRQ), HVM_SAVE_CODE(ISA_IRQ)>;
using PciLinks = Kind<HVM_SAVE_TYPE(PCI_LINK), HVM_SAVE_CODE(PCI_LINK)>;
using Pit = Kind<HVM_SAVE_TYPE(PIT), HVM_SAVE_CODE(PIT)>;
using Rtc = Kind<HVM_SAVE_TYPE(RTC), HVM_SAVE_CODE(RTC)>;
using Hpet = Kind<HVM_SAVE_TYPE(HPET), HVM_SAVE_CODE(HPET)>;
using PmTimer = Kind<HVM_SAVE_TYPE(PMTIMER), HVM_SAVE_CODE(PMTIMER)>;
using Mtrr = Kind<HVM_SAVE_TYPE(MTRR), HVM_SAVE_CODE(MTRR)>;
using ViridianDomain = Kind<HVM_SAVE_TYPE(VIRIDIAN_DOMAIN), HVM_SAVE_CODE(VIRIDIAN_DOMAIN)>;
using ViridianVcpu = Kind<HVM_SAVE_TYPE(VIRIDIAN_VCPU), HVM_SAVE_CODE(VIRIDIAN_VCPU)>;
using MachineChecks = Kind<HVM_SAVE_TYPE(VMCE_VCPU), HVM_SAVE_CODE(VMCE_VCPU)>;
using TscAdjust = Kind<HVM_SAVE_TYPE(TSC_ADJUST), HVM_SAVE_CODE(TSC_ADJUST)>;
// Bodies of any length, which begin with these; the rest follows from what they say.
using ExtendedState = Kind<hvm_hw_cpu_xsave, CPU_XSAVE_CODE>;
using Msrs = Kind<hvm_msr, CPU_MSR_CODE>;
inline constexpr std::uint16_t end_code = HVM_SAVE_CODE(END);

enum class Fit : std::uint8_t {
    exact,
    at_most,   // what is missing at the end is 0: the record has grown with time
    extended_state,
    msrs,
};
enum class Whose : std::uint8_t { domain, one_of_two, vcpu };

struct Rule {
    std::uint16_t code;
    std::uint32_t length;
    Fit fit;
    Whose whose;
    Error wrong_length = Error::invalid;
};
template <typename Which>
constexpr Rule rule(Fit fit, Whose whose, Error wrong_length = Error::invalid) {
    return {Which::code, sizeof(typename Which::Body), fit, whose, wrong_length};
}
inline constexpr std::array rules{
    rule<Cpu>(Fit::at_most, Whose::vcpu),
    rule<Pic>(Fit::exact, Whose::one_of_two),
    rule<IoApic>(Fit::exact, Whose::domain, Error::no_data),
    rule<LocalApic>(Fit::at_most, Whose::vcpu),
    rule<LocalApicRegisters>(Fit::exact, Whose::vcpu),
    rule<PciWires>(Fit::exact, Whose::domain),
    rule<IsaWires>(Fit::exact, Whose::domain),
    rule<PciLinks>(Fit::exact, Whose::domain),
    rule<Pit>(Fit::exact, Whose::domain, Error::no_device),
    rule<Rtc>(Fit::exact, Whose::domain),
    rule<Hpet>(Fit::exact, Whose::domain),
    rule<PmTimer>(Fit::exact, Whose::domain),
    rule<Mtrr>(Fit::exact, Whose::vcpu),
    rule<ViridianDomain>(Fit::at_most, Whose::domain),
    rule<ViridianVcpu>(Fit::at_most, Whose::vcpu),
    rule<ExtendedState>(Fit::extended_state, Whose::vcpu),
    rule<MachineChecks>(Fit::at_most, Whose::vcpu),
    rule<TscAdjust>(Fit::exact, Whose::vcpu),
    rule<Msrs>(Fit::msrs, Whose::vcpu),
};
// A header is one only where it stands, at the beginning.
static_assert(rules.size() + 1 == HVM_SAVE_CODE_MAX);

// A set of kinds.
using Codes = std::uint32_t;
template <typename... Which>
constexpr Codes codes = (Codes{0} | ... | (Codes{1} << Which::code));
inline constexpr Codes of_every_guest =
    codes<Cpu, PciWires, IsaWires, PciLinks, Mtrr, ViridianDomain, ViridianVcpu, ExtendedState, MachineChecks, TscAdjust, Msrs>;

// The fixed part of an XSAVE area, legacy region and header: SDM 1 13.4. Some more follows what its mask says.
inline constexpr std::size_t least_extended_state = sizeof(hvm_hw_cpu_xsave);
static_assert(least_extended_state == 24 + 512 + 64);
inline constexpr std::size_t msrs_begin = offsetof(hvm_msr, msr);
using OneMsr = hvm_msr::hvm_one_msr;
static_assert(sizeof(hvm_save_descriptor) == 8 && sizeof(hvm_hw_cpu) == 1032 && msrs_begin == 8 && sizeof(OneMsr) == 16);

}   // namespace basalt::records
