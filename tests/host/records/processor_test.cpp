// Which CPU records are taken, and what is said of each other one.
#include "records/processor.hpp"

#include <gtest/gtest.h>

#include "records/segments.hpp"
#include "records/streams.hpp"

namespace basalt::records {
namespace {

constexpr Offer offer{.cr4 = 0x37'07ff, .efer = 0xd01, .physical_bits = 40};

std::string_view wrong(const hvm_hw_cpu& cpu, const Offer& offered = offer) {
    return wrong_with(cpu, offered).value_or("nothing");
}

TEST(CpuRecord, OfRealProcessorsAreTaken) {
    EXPECT_EQ(wrong(first_cpu()), "nothing") << "as libxc makes it";
    EXPECT_EQ(wrong(running_cpu()), "nothing");
    EXPECT_EQ(wrong(reset_cpu()), "nothing");
    EXPECT_EQ(wrong(hvm_hw_cpu{}), "CR0.ET is 0") << "one that was never made";
}

using Change = void (*)(hvm_hw_cpu&);
struct Case {
    const char* says;
    Change change;
};

template <std::size_t Count>
void expect_each(hvm_hw_cpu (*made)(), const Case (&cases)[Count]) {
    for (const Case& each : cases) {
        hvm_hw_cpu cpu = made();
        each.change(cpu);
        EXPECT_EQ(wrong(cpu), each.says);
    }
}

TEST(CpuRecord, HasModesThatGoTogether) {
    constexpr Case cases[] = {
        {"CR0 has reserved bits", [](auto& cpu) { cpu.cr0 |= 1 << 6; }},
        {"CR0 has reserved bits", [](auto& cpu) { cpu.cr0 |= 1 << 28; }},
        {"CR0 has reserved bits", [](auto& cpu) { cpu.cr0 |= 1ull << 32; }},
        {"CR0.ET is 0", [](auto& cpu) { cpu.cr0 &= ~0x10ull; }},
        {"CR0.PG without PE", [](auto& cpu) { cpu.cr0 &= ~1ull; }},
        {"CR0.NW without CD", [](auto& cpu) { cpu.cr0 |= 1 << 29; }},
        {"nothing", [](auto& cpu) { cpu.cr0 |= 3 << 29; }},
        {"CR4 has bits that are not offered", [](auto& cpu) { cpu.cr4 |= 1 << 12; }},
        {"CR4 has bits that are not offered", [](auto& cpu) { cpu.cr4 |= 1ull << 40; }},
        {"EFER has bits that are not offered", [](auto& cpu) { cpu.msr_efer |= 1 << 12; }},
        {"EFER.LMA is not LME and CR0.PG", [](auto& cpu) { cpu.msr_efer &= ~0x100ull; }},
        {"EFER.LMA is not LME and CR0.PG", [](auto& cpu) { cpu.msr_efer &= ~0x400ull; }},
        {"EFER.LMA is not LME and CR0.PG", [](auto& cpu) { cpu.cr0 &= ~0x8000'0000ull; }},
        {"long mode without CR4.PAE", [](auto& cpu) { cpu.cr4 &= ~0x20ull; }},
        {"CR4.PCIDE outside of long mode", [](auto& cpu) { cpu = first_cpu(), cpu.cr4 = 1 << 17; }},
        {"nothing", [](auto& cpu) { cpu.cr3 = 0xff'ffff'f000; }},
        {"CR3 is beyond the address width", [](auto& cpu) { cpu.cr3 = 0x100'0000'0000; }},
        {"nothing", [](auto& cpu) { cpu.rflags = 0x3d'7fd7; }},
        {"nothing", [](auto& cpu) { cpu.rflags = 0; }},
        {"RFLAGS has reserved bits", [](auto& cpu) { cpu.rflags |= 1 << 3; }},
        {"RFLAGS has reserved bits", [](auto& cpu) { cpu.rflags |= 1 << 5; }},
        {"RFLAGS has reserved bits", [](auto& cpu) { cpu.rflags |= 1 << 15; }},
        {"RFLAGS has reserved bits", [](auto& cpu) { cpu.rflags |= 1 << 22; }},
        {"RFLAGS has reserved bits", [](auto& cpu) { cpu.rflags |= 1ull << 63; }},
        {"RFLAGS.VM in another mode", [](auto& cpu) { cpu.rflags |= 1 << 17; }},
        {"RFLAGS.VM in another mode", [](auto& cpu) { cpu = reset_cpu(), cpu.rflags |= 1 << 17; }},
        {"nothing", [](auto& cpu) { cpu = first_cpu(), cpu.rflags |= 1 << 17; }},
    };
    expect_each(running_cpu, cases);
    for (unsigned bit = 0; bit < 64; ++bit) {
        hvm_hw_cpu cpu = first_cpu();
        cpu.cr4 = 1ull << bit;
        EXPECT_EQ(wrong(cpu) != "nothing", bit == 17 || !(offer.cr4 >> bit & 1)) << bit;
        cpu.cr4 = 0;
        cpu.msr_efer = 1ull << bit;
        EXPECT_EQ(wrong(cpu) != "nothing", bit == 10 || !(offer.efer >> bit & 1)) << bit;
    }
}

TEST(CpuRecord, HasCanonicalAddresses) {
    constexpr std::uint64_t hvm_hw_cpu::* addresses[] = {
        &hvm_hw_cpu::fs_base,   &hvm_hw_cpu::gs_base,   &hvm_hw_cpu::shadow_gs,    &hvm_hw_cpu::tr_base,
        &hvm_hw_cpu::ldtr_base, &hvm_hw_cpu::gdtr_base, &hvm_hw_cpu::idtr_base,    &hvm_hw_cpu::sysenter_esp,
        &hvm_hw_cpu::msr_lstar, &hvm_hw_cpu::msr_cstar, &hvm_hw_cpu::sysenter_eip,
    };
    for (const auto address : addresses) {
        for (hvm_hw_cpu cpu : {first_cpu(), running_cpu(), reset_cpu()}) {
            for (const std::uint64_t good : {0x7fff'ffff'ffffull, 0xffff'8000'0000'0000ull}) {
                cpu.*address = good;
                EXPECT_EQ(wrong(cpu), "nothing");
            }
            for (const std::uint64_t bad : {0x8000'0000'0000ull, 0xffff'7fff'ffff'ffffull, 0x1'0000'0000'0000ull}) {
                cpu.*address = bad;
                EXPECT_EQ(wrong(cpu), "a base or an entry point is not canonical");
            }
        }
    }
    constexpr Case cases[] = {
        {"nothing", [](auto& cpu) { cpu.rip = 0x8000'0000'0000; }},   // after a SYSCALL that ends there
        {"RIP is too wide", [](auto& cpu) { cpu.rip = 0x1'0000'0000'0000; }},
        {"RIP is too wide", [](auto& cpu) { cpu.rip = 0x8000'0000'0000'0000; }},
        {"RIP is too wide", [](auto& cpu) { cpu.cs_arbytes = 0xc9b; }},
        {"RIP is too wide", [](auto& cpu) { cpu = first_cpu(), cpu.rip = 0x1'0000'0000; }},
        {"a descriptor table is too long", [](auto& cpu) { cpu.gdtr_limit = 0x10000; }},
        {"a descriptor table is too long", [](auto& cpu) { cpu.idtr_limit = 0xffff'ffff; }},
        {"DR6 or DR7 has an upper half", [](auto& cpu) { cpu.dr6 |= 1ull << 32; }},
        {"DR6 or DR7 has an upper half", [](auto& cpu) { cpu.dr7 |= 1ull << 63; }},
    };
    expect_each(running_cpu, cases);
}

TEST(CpuRecord, HasSegmentsThatWereLoaded) {
    constexpr Case cases[] = {
        {"CS is no segment that was loaded", [](auto& cpu) { cpu.cs_arbytes = 0; }},
        {"CS is no segment that was loaded", [](auto& cpu) { cpu.cs_arbytes = 0xc9a; }},
        {"CS is no segment that was loaded", [](auto& cpu) { cpu.cs_arbytes = 0xc8b; }},
        {"nothing", [](auto& cpu) { cpu.cs_arbytes = 0xc93; }},   // as a loader left it that came from real mode
        {"CS is neither code nor as in real mode", [](auto& cpu) { cpu.cs_arbytes = 0xc91; }},
        {"CS has a limit that is no segment's", [](auto& cpu) { cpu.cs_limit = 0x10'0000; }},
        {"nothing", [](auto& cpu) { cpu.cs_limit = 0x10'0fff; }},
        {"nothing", [](auto& cpu) { cpu.cs_limit = 0xf'fff0; }},
        {"CS has a base with an upper half", [](auto& cpu) { cpu.cs_base = 1ull << 32; }},
        {"CS has L and D", [](auto& cpu) { cpu = running_cpu(), cpu.cs_arbytes = 0xe9b; }},
        {"nothing", [](auto& cpu) { cpu.cs_arbytes = 0xe9b; }},   // outside of long mode L is ignored
        {"TR is no busy task", [](auto& cpu) { cpu.tr_arbytes = 0; }},
        {"TR is no busy task", [](auto& cpu) { cpu.tr_arbytes = 0x89; }},
        {"TR is no busy task", [](auto& cpu) { cpu.tr_arbytes = 0x9b; }},
        {"nothing", [](auto& cpu) { cpu.tr_arbytes = 0x83; }},   // of 16 bits
        {"TR is no busy task", [](auto& cpu) { cpu = running_cpu(), cpu.tr_arbytes = 0x83; }},
        {"TR has a limit that is no segment's", [](auto& cpu) { cpu.tr_limit = 0xffff'fff0; }},
        {"nothing", [](auto& cpu) { cpu.ldtr_arbytes = 0x82; }},
        {"LDTR is no LDT", [](auto& cpu) { cpu.ldtr_arbytes = 0x92; }},
        {"LDTR is no LDT", [](auto& cpu) { cpu.ldtr_arbytes = 0x8b; }},
        {"LDTR has a limit that is no segment's", [](auto& cpu) { cpu.ldtr_arbytes = 0x82, cpu.ldtr_limit = 0x20'0000; }},
        {"nothing", [](auto& cpu) { cpu.ss_arbytes = 0; }},
        {"SS is not writable data", [](auto& cpu) { cpu.ss_arbytes = 0xc9b; }},
        {"SS is not writable data", [](auto& cpu) { cpu.ss_arbytes = 0xc91; }},
        {"SS is not writable data", [](auto& cpu) { cpu.ss_arbytes = 0xc92; }},
        {"a data segment is none", [](auto& cpu) { cpu.ds_arbytes = 0xc92; }},
        {"a data segment is none", [](auto& cpu) { cpu.es_arbytes = 0xc83; }},
        {"a data segment is none", [](auto& cpu) { cpu.fs_arbytes = 0xc99; }},
        {"nothing", [](auto& cpu) { cpu.gs_arbytes = 0xc9b; }},
        {"nothing", [](auto& cpu) { cpu.gs_arbytes = 0xc1b; }},
        {"a data segment's limit is no segment's", [](auto& cpu) { cpu.ds_limit = 0xffff'f000; }},
        {"a data segment's base has an upper half", [](auto& cpu) { cpu.es_base = 1ull << 32; }},
        {"a data segment's base has an upper half", [](auto& cpu) { cpu.ss_base = 1ull << 63; }},
        {"nothing", [](auto& cpu) { cpu.es_arbytes = 0, cpu.es_base = ~0ull, cpu.es_limit = 0x10'0000; }},
    };
    expect_each(first_cpu, cases);
}

TEST(CpuRecord, HasNothingElseThatNobodyKnows) {
    constexpr Case cases[] = {
        {"flags that nobody knows", [](auto& cpu) { cpu.flags = 2; }},
        {"flags that nobody knows", [](auto& cpu) { cpu.pad0 = 1; }},
        {"nothing", [](auto& cpu) { cpu.flags = 0; }},
        {"nothing", [](auto& cpu) { cpu.msr_tsc_aux = 0xffff'ffff; }},
        {"TSC_AUX has an upper half", [](auto& cpu) { cpu.msr_tsc_aux = 1ull << 32; }},
        {"nothing", [](auto& cpu) { cpu.pending_event = 0x8000'0b0e, cpu.error_code = 0xffff; }},
        {"an event's error code is too wide", [](auto& cpu) { cpu.pending_event = 0x8000'0b0e, cpu.error_code = 0x1'0000; }},
        {"nothing", [](auto& cpu) { cpu.pending_event = 0x8000'0306, cpu.error_code = 0x1'0000; }},
        {"nothing", [](auto& cpu) { cpu.pending_event = 0x7fff'ffff; }},   // none pends
        {"no such event", [](auto& cpu) { cpu.pending_event = 0x8000'0100; }},
        {"no such event", [](auto& cpu) { cpu.pending_event = 0x8000'0700; }},
        {"nothing", [](auto& cpu) { cpu.pending_event = 0x8000'0600; }},
        {"no such event", [](auto& cpu) { cpu.pending_event = 0x8000'1000; }},
        {"no such event", [](auto& cpu) { cpu.pending_event = 0xc000'0000; }},
    };
    expect_each(running_cpu, cases);
}

TEST(Segments, AreTheSameInAllHands) {
    for (unsigned attributes = 0; attributes <= attribute::all; ++attributes) {
        const auto made = static_cast<std::uint16_t>(attributes);
        EXPECT_EQ(attributes_of(attributes), made);
        for (const std::uint32_t limit : {0xffffu, 0xf'ffffu, 0xffff'ffffu}) {
            const std::uint32_t rights = rights_of(made, limit);
            EXPECT_EQ(rights & ~0x1'f0ffu, 0u) << "bits that VM entry wants to be 0";
            EXPECT_EQ((rights & unusable) == 0, (made & attribute::present) != 0);
            EXPECT_EQ(attributes_of_rights(rights) & ~attribute::by_pages, made & ~attribute::by_pages);
            EXPECT_EQ((rights >> 15 & 1) != 0, limit > 0xf'ffff) << "G is what the limit is";
        }
    }
}

// Records of older Xen on Intel's hold access rights.
TEST(Segments, AreFoundInAccessRights) {
    EXPECT_EQ(attributes_of(0xc09b), 0xc9b);
    EXPECT_EQ(attributes_of(0x4093), 0x493);
    EXPECT_EQ(attributes_of(0xa09b), 0xa9b);
    EXPECT_EQ(attributes_of(0x1'c093), 0xc13) << "not present, which is how it cannot be used here";
    EXPECT_EQ(attributes_of(0x0093), 0x093);
    EXPECT_EQ(attributes_of(0xfc93), 0xc93) << "today's, with what nobody looks at";
}

}   // namespace
}   // namespace basalt::records
